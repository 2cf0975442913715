package dev.mayfly.logs;

import java.util.List;
import java.util.function.Consumer;

/**
 * Masks random texts in random splits and compares with the reference, byte for byte, until a
 * number of bytes is reached. {@code .ci/fuzz splits} runs it. Two runs with one seed do the same.
 *
 * <p>A byte counts once, though it is masked twice: in one write, and split.
 */
final class RandomSplits {

    /**
     * The automaton is built once for so many texts, which would otherwise take most of the time.
     */
    private static final int TEXTS_FOR_EACH_SET = 32;

    /** Then the search ends: more would not tell more. */
    private static final int MOST_DIFFERENCES = 10;

    private final long seed;
    private final Reference reference;
    private final Consumer<String> report;
    private long bytes;
    private long cases;
    private int differences;

    /**
     * Prepares a search.
     *
     * @param report takes each difference
     */
    RandomSplits(long seed, Reference reference, Consumer<String> report) {
        this.seed = seed;
        this.reference = reference;
        this.report = report;
    }

    public static void main(String[] arguments) {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("usage: RandomSplits BYTES [SEED]");
            System.exit(2);
        }
        long goal = Long.parseLong(arguments[0].replace("_", ""));
        long seed = arguments.length == 2 ? Long.parseLong(arguments[1]) : 1;
        RandomSplits search = new RandomSplits(seed, Reference.NAIVE, System.out::println);
        long start = System.nanoTime();
        search.run(goal);
        System.out.printf(
                "%s, %.0f s, Java %s%n",
                search, (System.nanoTime() - start) / 1e9, Runtime.version());
        System.exit(search.differences() == 0 ? 0 : 1);
    }

    /** Goes on until this many bytes are compared, or too many differ. */
    void run(long goal) {
        for (long set = 0; bytes < goal && differences < MOST_DIFFERENCES; set++) {
            RandomTexts texts = new RandomTexts(seed << 40 ^ set);
            List<String> secrets = texts.secrets();
            MaskerCheck check = new MaskerCheck(MaskedStream.exact(secrets), reference);
            for (int i = 0; i < TEXTS_FOR_EACH_SET; i++) {
                String text = texts.text(secrets);
                List<MaskerCheck.Addition> additions =
                        i % 8 == 0
                                ? List.of(texts.addition(text, texts.secrets()))
                                : List.<MaskerCheck.Addition>of();
                compare(check, text, additions, texts);
            }
        }
    }

    private void compare(
            MaskerCheck check,
            String text,
            List<MaskerCheck.Addition> additions,
            RandomTexts texts) {
        try {
            check.checkTwice(text, additions, texts.cuts(text));
        } catch (AssertionError | RuntimeException difference) {
            differences++;
            report.accept("seed " + seed + ", case " + cases + ": " + difference);
        }
        bytes += text.length();
        cases++;
    }

    long bytes() {
        return bytes;
    }

    int differences() {
        return differences;
    }

    @Override
    public String toString() {
        return "seed %d: %,d bytes in %,d cases, %,d differences"
                .formatted(seed, bytes, cases, differences);
    }
}
