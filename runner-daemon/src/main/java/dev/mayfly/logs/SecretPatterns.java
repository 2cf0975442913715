package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a masker looks for. Immutable, so streams and threads share it.
 *
 * <p>There are two automata, because a masker looks at a text in two ways. {@link #seen()} is for
 * the text without its interruptions (see {@link TerminalText}): each pattern as a terminal would
 * show it. {@link #raw()} is for the text as it is: the patterns that hold what elsewhere is an
 * interruption, line ends above all, so that those bytes are hidden too.
 */
final class SecretPatterns {

    /** Shorter remains of a pattern that consists of interruptions would be everywhere. */
    static final int LEAST_SEEN_BYTES = 6;

    private static final SecretPatterns NONE = new SecretPatterns(List.of());

    private final List<SecretPattern> patterns;
    private final List<Label> labels;
    private final Automaton seen;
    private final Automaton raw;

    /** Whose occurrence it was, for the statistics. */
    record Label(String secret, Variant variant) {}

    private SecretPatterns(List<SecretPattern> patterns) {
        this.patterns = List.copyOf(patterns);
        Map<Label, Integer> numbers = new LinkedHashMap<>();
        List<Automaton.Entry> toSee = new ArrayList<>(patterns.size());
        List<Automaton.Entry> toFindRaw = new ArrayList<>();
        for (SecretPattern pattern : patterns) {
            int label =
                    numbers.computeIfAbsent(
                            new Label(pattern.secret(), pattern.variant()), _ -> numbers.size());
            byte[] bytes = pattern.bytes();
            byte[] visible = TerminalText.shown(bytes);
            boolean interrupted = visible.length < bytes.length;
            boolean isSeen = !interrupted || visible.length >= LEAST_SEEN_BYTES;
            if (isSeen) {
                toSee.add(new Automaton.Entry(visible, label));
            }
            if (interrupted) {
                toFindRaw.add(new Automaton.Entry(bytes, isSeen ? ~label : label));
            }
        }
        labels = List.copyOf(numbers.keySet());
        seen = new Automaton(toSee);
        raw = new Automaton(toFindRaw);
    }

    /** Nothing to look for. */
    static SecretPatterns none() {
        return NONE;
    }

    /** These patterns and more. The labels of these keep their numbers. */
    SecretPatterns with(List<SecretPattern> more) {
        List<SecretPattern> all = new ArrayList<>(patterns);
        all.addAll(more);
        return new SecretPatterns(all);
    }

    /** For the text without its interruptions. */
    Automaton seen() {
        return seen;
    }

    /** For the text as it is. A label's complement is not counted: the occurrence is seen too. */
    Automaton raw() {
        return raw;
    }

    /** By the numbers that the automata use. */
    List<Label> labels() {
        return labels;
    }

    /** Of both automata. */
    int states() {
        return seen.states() + raw.states();
    }

    @Override
    public String toString() {
        return "SecretPatterns[seen=" + seen + ", raw=" + raw + "]";
    }
}
