package dev.mayfly.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Guesses which name somebody meant. */
public final class NearestName {

    private NearestName() {}

    /** The known name that is fewest typing mistakes away, or empty when none is near. */
    public static Optional<String> of(String written, Collection<String> known) {
        String folded = written.toLowerCase(Locale.ROOT).replace('-', '_');
        return known.stream()
                .filter(name ->
                        distance(folded, name.replace('-', '_')) <= Math.max(1, name.length() / 3))
                .min(Comparator.comparingInt(name -> distance(folded, name.replace('-', '_'))));
    }

    /** Insertions, deletions and replacements between the two (Levenshtein). */
    private static int distance(String from, String to) {
        int[] previous = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] current = new int[to.length() + 1];
            current[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[to.length()];
    }
}
