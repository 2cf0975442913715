package dev.mayfly.secrets.file;

/** How far one name is from another, for hints. */
final class Typo {

    /** Beyond this, two names are different names and not one with mistakes. */
    static final int MAX_DISTANCE = 2;

    private Typo() {}

    /** The Levenshtein distance: how many letters to insert, remove or exchange. */
    static int distance(String one, String other) {
        int[] previous = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int[] current = new int[other.length() + 1];
            current[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int exchanged =
                        previous[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(exchanged, Math.min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[other.length()];
    }
}
