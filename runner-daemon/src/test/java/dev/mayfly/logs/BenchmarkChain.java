package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.mayfly.config.TokenRules;
import dev.mayfly.job.SecretValue;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/** What is measured, and what it is compared with: each as something that takes chunks of a log. */
public final class BenchmarkChain {

    /** Every form, and the token shapes that the program has: what a pool has by default. */
    public static final Masking WITH_TOKEN_SHAPES =
            new Masking(
                    Masking.DEFAULT_SHORTEST_BYTES,
                    EnumSet.allOf(Variant.class),
                    false,
                    TokenShapes.of(TokenRules.builtIn()));

    /** A chain of more takes longer for one chunk than a turn lasts. */
    private static final int MOST_REPLACED = 300;

    /** Read by nobody; a result that nobody could read might not be computed. */
    private static volatile long seen;

    private BenchmarkChain() {}

    /** The values and no other form. */
    static Masking exact(TokenShapes tokens) {
        return new Masking(
                Masking.DEFAULT_SHORTEST_BYTES, EnumSet.of(Variant.EXACT), false, tokens);
    }

    /** These forms and the values, no token shapes. */
    static Masking only(Variant variant) {
        return new Masking(
                Masking.DEFAULT_SHORTEST_BYTES, EnumSet.of(variant), false, TokenShapes.none());
    }

    /** Mayfly's masker alone. */
    static Cell.Work masker(SecretPatterns patterns) {
        return new LogMasker(patterns, (bytes, offset, length) -> seen = length)::write;
    }

    /** From what a job prints to what one sink gets. */
    public static LogPipeline pipeline(
            Map<String, SecretValue> secrets,
            Masking masking,
            InstantSource clock,
            CountingSink sink)
            throws InterruptedException {
        LogPipeline pipeline = new LogPipeline(clock, Long.MAX_VALUE, masking, List.of(sink));
        for (Maskability judged : pipeline.addSecrets(secrets)) {
            if (!(judged instanceof Maskability.Maskable)) {
                throw new IllegalStateException("not measured as said: " + judged);
            }
        }
        return pipeline;
    }

    static Cell.Work pipeline(List<String> values, Masking masking) throws InterruptedException {
        return pipeline(
                        BenchmarkSecrets.named(values),
                        masking,
                        InstantSource.system(),
                        new CountingSink())
                ::output;
    }

    /** The upper bound: the same chunks copied into one block that stays in the cache. */
    static Cell.Work memoryCopy() {
        byte[] block = new byte[64 * 1024];
        return (bytes, offset, length) -> {
            System.arraycopy(bytes, offset, block, 0, length);
            seen = block[length - 1];
        };
    }

    /** The usual way to look for many strings, without hiding what it finds. */
    static Cell.Work ahoCorasick(List<SecretPattern> patterns) {
        SparseAhoCorasick automaton =
                new SparseAhoCorasick(patterns.stream().map(SecretPattern::bytes).toList());
        return (bytes, offset, length) -> {
            automaton.take(bytes, offset, length);
            seen = automaton.found();
        };
    }

    static boolean canBeReplaced(List<SecretPattern> patterns) {
        return patterns.size() <= MOST_REPLACED;
    }

    /**
     * The simple masker: makes a string of each chunk and replaces one pattern after the other.
     * Misses what two chunks share and what overlaps.
     */
    static Cell.Work replaceChain(List<SecretPattern> patterns) {
        List<String> values =
                patterns.stream().map(p -> new String(p.bytes(), ISO_8859_1)).toList();
        return (bytes, offset, length) -> {
            String text = new String(bytes, offset, length, ISO_8859_1);
            for (String value : values) {
                text = text.replace(value, LogMasker.MARK);
            }
            seen = text.getBytes(ISO_8859_1).length;
        };
    }
}
