package dev.mayfly.logs;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Measures the log pipeline and prints a page of Markdown: {@code make bench-log} runs it. {@code
 * docs/benchmarks.md} tells how it measures.
 *
 * <p>Not JMH: it runs its benchmarks one after the other, each in a process of its own, and what
 * counts here are ratios on a machine that others use too. So all cells live in one process and
 * take turns (see {@link Cell}); what another process takes away, it takes from all of them. They
 * also share the compiled code, as the streams of a daemon do.
 */
public final class LogBenchmark {

    private static final int MEBIBYTE = 1 << 20;
    private static final int WRITES = 10_000;

    /** An odd number. */
    private static final int TURNS = 5;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private LogBenchmark() {}

    /**
     * How long to measure.
     *
     * @param logBytes length of each build log, beyond any cache
     * @param rounds counted turns of each cell
     * @param turn processor time of one
     * @param builds how often automata are built
     * @param search how long to look for slow inputs
     */
    record Effort(int logBytes, int rounds, Duration turn, int builds, Duration search) {

        private static final Effort FULL =
                new Effort(256 * MEBIBYTE, 7, Duration.ofMillis(80), 41, Duration.ofSeconds(60));
        private static final Effort QUICK =
                new Effort(128 * MEBIBYTE, 3, Duration.ofMillis(25), 21, Duration.ofSeconds(8));
    }

    /**
     * Runs.
     *
     * @param arguments the file that gets the floors; {@code quick} or {@code full}
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        PrintStream out = System.out;
        Effort effort = arguments[1].equals("quick") ? Effort.QUICK : Effort.FULL;
        Floors floors = new Floors();
        progress("Making the logs");
        byte[] coloured = BuildLog.of(effort.logBytes(), true);
        byte[] plain = BuildLog.of(effort.logBytes(), false);
        printHead(out, effort, coloured, plain);

        progress("Throughput");
        Throughput throughput = new Throughput(coloured, plain);
        throughput.measure(effort);
        throughput.print(out);
        throughput.check(floors);

        progress("Allocation");
        printAllocation(out, floors, coloured);

        progress("Build and memory");
        FormsCost cost = new FormsCost(coloured);
        cost.measure(effort);
        cost.print(out);
        cost.check(floors);

        progress("Worst cases");
        WorstCases worst = new WorstCases(coloured);
        worst.measure(effort);
        worst.print(out);
        worst.check(floors);
        floors.appendTo(Path.of(arguments[0]));
    }

    static void progress(String what) {
        System.err.println("==> " + what);
    }

    /** Bytes on the heap that something refers to. */
    public static long liveHeap() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** What a reader must know of the process and its machine. */
    public static String conditions() throws IOException {
        String load = Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0];
        return "%s, Java %s, %s, heap %,d MiB, %d processors (%s), load %s at the beginning"
                .formatted(
                        LocalDate.ofInstant(Instant.now(), ZoneOffset.UTC),
                        Runtime.version(),
                        ManagementFactory.getGarbageCollectorMXBeans().stream()
                                .map(GarbageCollectorMXBean::getName)
                                .collect(Collectors.joining(" and ")),
                        Runtime.getRuntime().maxMemory() / MEBIBYTE,
                        Runtime.getRuntime().availableProcessors(),
                        processor(),
                        load);
    }

    private static String processor() throws IOException {
        List<String> names =
                Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                        .filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .distinct()
                        .toList();
        return String.join(", ", names);
    }

    private static void printHead(PrintStream out, Effort effort, byte[] coloured, byte[] plain)
            throws IOException {
        out.printf(
                "## The log pipeline%n%n%s. Median of %d rounds of %d ms for each cell.%n%n",
                conditions(), effort.rounds(), effort.turn().toMillis());
        out.println("| log | MiB | lines | bytes of a line | escapes | bytes for an escape |");
        out.println("|---|---:|---:|---:|---:|---:|");
        printLog(out, "with escapes", coloured);
        printLog(out, "without", plain);
        out.println();
    }

    private static void printLog(PrintStream out, String name, byte[] log) {
        int lines = 0;
        int escapes = 0;
        for (byte b : log) {
            if (b == '\n') {
                lines++;
            } else if (b == 0x1B) {
                escapes++;
            }
        }
        out.printf(
                "| %s | %d | %,d | %d | %,d | %s |%n",
                name,
                log.length / MEBIBYTE,
                lines,
                log.length / lines,
                escapes,
                escapes == 0 ? "-" : Integer.toString(log.length / escapes));
    }

    private static void printAllocation(PrintStream out, Floors floors, byte[] log)
            throws InterruptedException {
        out.println(
                """
                ### Allocation

                Of the thread that writes: the median of %d turns of %,d writes, after a turn that is not counted, so
                that neither a buffer's growth nor what is compiled late counts. 100 secrets, all forms, token shapes,
                one sink. The clock makes one object for each millisecond in which something is written.

                | chunk, bytes | bytes allocated a write, clock stands still | clock runs |
                |---:|---:|---:|\
                """
                        .formatted(TURNS, WRITES));
        List<Double> all = new ArrayList<>();
        for (int chunk : List.of(64, 1024, 32 * 1024)) {
            double still = allocated(log, chunk, InstantSource.fixed(Instant.EPOCH));
            double runs = allocated(log, chunk, InstantSource.system());
            out.printf("| %,d | %.3f | %.3f |%n", chunk, still, runs);
            all.add(still);
        }
        out.println();
        floors.atMost(
                "allocation of a write, the clock's apart",
                0,
                all.stream().mapToDouble(Double::doubleValue).max().orElseThrow(),
                " B");
    }

    private static double allocated(byte[] log, int chunk, InstantSource clock)
            throws InterruptedException {
        LogPipeline pipeline =
                BenchmarkChain.pipeline(
                        BenchmarkSecrets.named(100),
                        BenchmarkChain.WITH_TOKEN_SHAPES,
                        clock,
                        new CountingSink());
        double[] turns = new double[TURNS];
        int at = 0;
        for (int turn = -1; turn < TURNS; turn++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < WRITES; i++) {
                if (at + chunk > log.length) {
                    at = 0;
                }
                pipeline.output(log, at, chunk);
                at += chunk;
            }
            if (turn >= 0) {
                turns[turn] = THREADS.getCurrentThreadAllocatedBytes() - before;
            }
        }
        Arrays.sort(turns);
        return turns[TURNS / 2] / WRITES;
    }
}
