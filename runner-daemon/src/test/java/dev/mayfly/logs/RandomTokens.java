package dev.mayfly.logs;

/**
 * The token masker against the naive reference, for longer than a test can take: {@code .ci/fuzz
 * tokens} runs it.
 */
final class RandomTokens {

    /** With one case of the built-in rules, which are slow to check, so many others are checked. */
    private static final int OTHERS = 10;

    private static final int CASES_FOR_EACH_SEED = 1000;

    private RandomTokens() {}

    /** Runs: how many cases, and the first seed if it is not 1. */
    public static void main(String[] arguments) {
        long cases = Long.parseLong(arguments[0].replace("_", ""));
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
        for (long done = 0; done < cases; done += CASES_FOR_EACH_SEED) {
            TokenMaskerSplitTest.randomCases(seed, CASES_FOR_EACH_SEED);
            TokenMaskerSplitTest.builtInCases(seed, CASES_FOR_EACH_SEED / OTHERS);
            seed++;
        }
        System.err.println("No difference in " + cases + " cases; the next seed is " + seed);
    }
}
