package dev.mayfly.logs;

import com.sun.management.ThreadMXBean;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What the forms of secrets cost: to make, to keep, and each variant's share. */
final class FormsCost {

    private static final int LARGE = 32 * 1024;
    private static final double MEBIBYTE = 1 << 20;
    private static final int KEPT = 8;
    private static final List<Integer> SECRETS = List.of(1, 10, 100, 1000);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final byte[] log;
    private final List<Automaton> automata = new ArrayList<>();
    private final Map<Variant, Share> shares = new EnumMap<>(Variant.class);

    private record Automaton(
            int secrets,
            int patterns,
            int states,
            double medianMillis,
            double leastMillis,
            double keptMebibytes,
            double allocatedMebibytes) {}

    private record Share(int patterns, long bytes, double millis, Cell cell) {}

    FormsCost(byte[] log) {
        this.log = log;
    }

    void measure(LogBenchmark.Effort effort) throws InterruptedException {
        for (int i = 0; i < effort.builds(); i++) {
            built(BenchmarkSecrets.values(100), Masking.STANDARD);
        }
        for (int secrets : SECRETS) {
            automata.add(automaton(secrets, effort));
        }
        List<String> values = BenchmarkSecrets.values(100);
        for (Variant variant : Variant.values()) {
            Masking only = BenchmarkChain.only(variant);
            List<SecretPattern> patterns =
                    BenchmarkSecrets.forms(values, Masking.STANDARD).stream()
                            .filter(pattern -> pattern.variant() == variant)
                            .toList();
            shares.put(
                    variant,
                    new Share(
                            patterns.size(),
                            patterns.stream().mapToLong(p -> p.bytes().length).sum(),
                            millis(values, only, effort.builds())[effort.builds() / 2],
                            new Cell(log, LARGE, BenchmarkChain.masker(built(values, only)))));
        }
        Cell.measure(
                shares.values().stream().map(Share::cell).toList(), effort.rounds(), effort.turn());
    }

    private static Automaton automaton(int secrets, LogBenchmark.Effort effort) {
        List<String> values = BenchmarkSecrets.values(secrets);
        int rounds = secrets > 100 ? 5 : effort.builds();
        double[] millis = millis(values, Masking.STANDARD, rounds);
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        SecretPatterns one = built(values, Masking.STANDARD);
        allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        // Several, so that what else changes on the heap does not count.
        SecretPatterns[] kept = new SecretPatterns[KEPT];
        long before = LogBenchmark.liveHeap();
        for (int i = 0; i < KEPT; i++) {
            kept[i] = built(values, Masking.STANDARD);
        }
        double retained = (LogBenchmark.liveHeap() - before) / (double) KEPT;
        int patterns = BenchmarkSecrets.forms(values, Masking.STANDARD).size();
        if (kept[KEPT - 1].states() != one.states()) {
            throw new IllegalStateException("the same secrets made another automaton");
        }
        return new Automaton(
                secrets,
                patterns,
                one.states(),
                millis[rounds / 2],
                millis[0],
                retained / MEBIBYTE,
                allocated / MEBIBYTE);
    }

    private static SecretPatterns built(List<String> values, Masking masking) {
        return SecretPatterns.none().with(BenchmarkSecrets.forms(values, masking));
    }

    /** From values to what a masker needs, wall time, in order. */
    private static double[] millis(List<String> values, Masking masking, int rounds) {
        double[] millis = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            built(values, masking);
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(millis);
        return millis;
    }

    void print(PrintStream out) {
        out.println(
                """
                ### Build and memory

                From values to what a masker looks for, warm, wall time. Kept: the heap with eight of them
                after a full collection, less the heap before, by eight; streams share it. Allocated: all
                that making it takes.

                | secrets, all forms | patterns | states | build, ms: median | least | kept, MiB | allocated, MiB |
                |---:|---:|---:|---:|---:|---:|---:|\
                """);
        for (Automaton a : automata) {
            out.printf(
                    "| %,d | %,d | %,d | %.1f | %.1f | %.2f | %.1f |%n",
                    a.secrets(),
                    a.patterns(),
                    a.states(),
                    a.medianMillis(),
                    a.leastMillis(),
                    a.keptMebibytes(),
                    a.allocatedMebibytes());
        }
        out.println(
                """

                By variant, 100 secrets. Patterns and their bytes are the variant's own among all forms; build
                time and the masker's speed (32 KiB chunks, escapes) are those with only this variant on, besides
                the values themselves.

                | variant | patterns | bytes | build, ms | masker, MB/s |
                |---|---:|---:|---:|---:|\
                """);
        shares.forEach((variant, share) ->
                out.printf(
                        "| %s | %,d | %,d | %.2f | %,.0f |%n",
                        variant,
                        share.patterns(),
                        share.bytes(),
                        share.millis(),
                        share.cell().speed()));
        out.println();
    }

    void check(Floors floors) {
        for (Automaton a : automata) {
            if (a.secrets() == 100) {
                floors.atMost("build of 100 secrets, all forms", 25, a.medianMillis(), " ms");
                floors.atMost("memory of the same", 8, a.keptMebibytes() * MEBIBYTE / 1e6, " MB");
            }
        }
    }
}
