package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Cancellation;
import dev.mayfly.logs.BenchmarkChain;
import dev.mayfly.logs.BenchmarkSecrets;
import dev.mayfly.logs.BuildLog;
import dev.mayfly.logs.CountingSink;
import dev.mayfly.logs.Floors;
import dev.mayfly.logs.LogBenchmark;
import dev.mayfly.logs.LogPipeline;
import dev.mayfly.logs.Masking;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Measures the way of a log from a container that prints as fast as it can to a sink, beside what
 * the engine's client alone makes of the same output. {@code make bench-log} runs it; it needs an
 * engine and the agent image.
 *
 * <p>The log is a file of the image and every container prints it with one {@code cat}, with the
 * same limits and no log driver. Speed is that of the bytes printed, from the first that arrives to
 * the last, in wall time: engine, container and client share the machine. Contestants take turns.
 */
final class EndToEndBenchmark {

    private static final int LOG_BYTES = 8 << 20;
    private static final int SAMPLES = 8;
    private static final double MEBIBYTE = 1 << 20;
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final SandboxLimits LIMITS =
            new SandboxLimits(
                    512L << 20, Runtime.getRuntime().availableProcessors(), 128, 1024, 64L << 20);

    private final Fixture fixture = new Fixture();
    private final int rounds;
    private final long printedBytes;
    private final LogContainers containers;

    private EndToEndBenchmark(int rounds, int repeats) throws InterruptedException, IOException {
        this.rounds = rounds;
        printedBytes = (long) repeats * LOG_BYTES;
        containers =
                new LogContainers(
                        fixture.engine,
                        fixture.daemon,
                        LIMITS,
                        BuildLog.of(LOG_BYTES, true),
                        repeats);
    }

    /** One way from a container to somebody who counts. */
    @FunctionalInterface
    private interface Way {
        void carry(Stopwatch stopwatch) throws InterruptedException, IOException;
    }

    private record Contestant(String name, Way way, List<Double> speeds, List<Double> costs) {
        Contestant(String name, Way way) {
            this(name, way, new ArrayList<>(), new ArrayList<>());
        }
    }

    /**
     * Runs.
     *
     * @param arguments the file that gets the floors; {@code quick} or {@code full}
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        boolean quick = arguments[1].equals("quick");
        Floors floors = new Floors();
        EndToEndBenchmark benchmark = new EndToEndBenchmark(quick ? 5 : 9, quick ? 16 : 32);
        try {
            benchmark.run(System.out, floors);
        } finally {
            benchmark.close();
        }
        floors.appendTo(Path.of(arguments[0]));
    }

    private void run(PrintStream out, Floors floors) throws InterruptedException, IOException {
        System.err.println("==> End to end");
        out.printf(
                "### End to end%n%n%s; engine %s. %d rounds of %,.0f MB, after one that is not"
                        + " counted.%n%n",
                LogBenchmark.conditions(),
                fixture.engine.version().getVersion(),
                rounds,
                printedBytes / 1e6);
        Contestant bare = new Contestant("docker-java's attach, counting", containers::attach);
        Contestant masked =
                new Contestant("Mayfly: adapter, 100 secrets in all forms", this::pipeline);
        Contestant withTokens =
                new Contestant("the same with token shapes", this::pipelineWithTokens);
        List<Contestant> contestants = new ArrayList<>();
        contestants.add(bare);
        if (Fixture.HOST.getScheme().equals("unix")) {
            contestants.add(new Contestant("the bare connection, counting", containers::rawAttach));
        }
        contestants.add(new Contestant("Mayfly: adapter, nothing masked", this::adapter));
        contestants.add(masked);
        contestants.add(withTokens);
        for (int round = -1; round < rounds; round++) {
            for (Contestant contestant : contestants) {
                Stopwatch stopwatch = new Stopwatch(printedBytes);
                contestant.way().carry(stopwatch);
                double speed = stopwatch.megabytesPerSecond();
                if (round >= 0) {
                    contestant.speeds().add(speed);
                    contestant.costs().add(stopwatch.processorMillisForAMegabyte());
                }
            }
        }
        out.println(
                "| from the container to | MB/s: median | least | most | of docker-java's attach |"
                        + " this process's ms for a MB |");
        out.println("|---|---:|---:|---:|---:|---:|");
        double base = median(bare.speeds());
        for (Contestant contestant : contestants) {
            out.printf(
                    "| %s | %.0f | %.0f | %.0f | %.0f %% | %.1f |%n",
                    contestant.name(),
                    median(contestant.speeds()),
                    Collections.min(contestant.speeds()),
                    Collections.max(contestant.speeds()),
                    100 * median(contestant.speeds()) / base,
                    median(contestant.costs()));
        }
        floors.atLeast(
                "container to sink, 100 secrets, all forms, of docker-java's attach",
                95,
                100 * median(masked.speeds()) / base,
                " %");
        checkHeap(out, floors);
    }

    /** Once more, with full collections on the way. */
    private void checkHeap(PrintStream out, Floors floors)
            throws InterruptedException, IOException {
        long[] live = new long[SAMPLES];
        int[] taken = {0};
        long[] bytes = {0};
        LogPipeline pipeline =
                BenchmarkChain.pipeline(
                        BenchmarkSecrets.named(100),
                        BenchmarkChain.WITH_TOKEN_SHAPES,
                        InstantSource.system(),
                        new CountingSink());
        printed((array, offset, length) -> {
            pipeline.output(array, offset, length);
            bytes[0] += length;
            if (taken[0] < SAMPLES && bytes[0] >= printedBytes * (taken[0] + 1) / SAMPLES) {
                live[taken[0]++] = LogBenchmark.liveHeap();
            }
        });
        long least = LongStream.of(live).min().orElseThrow();
        long most = LongStream.of(live).max().orElseThrow();
        out.printf(
                "%nHeap: the process has %d MiB. After a full collection at each eighth of the log,"
                        + " while it runs: %.1f to %.1f MiB.%n%n",
                Runtime.getRuntime().maxMemory() >> 20, least / MEBIBYTE, most / MEBIBYTE);
        floors.atMost("growth of the heap while a log runs", 2, (most - least) / MEBIBYTE, " MiB");
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private void pipeline(Stopwatch stopwatch) throws InterruptedException {
        carry(stopwatch, Masking.STANDARD);
    }

    private void pipelineWithTokens(Stopwatch stopwatch) throws InterruptedException {
        carry(stopwatch, BenchmarkChain.WITH_TOKEN_SHAPES);
    }

    private void carry(Stopwatch stopwatch, Masking masking) throws InterruptedException {
        CountingSink sink = new CountingSink();
        LogPipeline pipeline =
                BenchmarkChain.pipeline(
                        BenchmarkSecrets.named(100), masking, InstantSource.system(), sink);
        printed((bytes, offset, length) -> {
            stopwatch.begin();
            pipeline.output(bytes, offset, length);
            stopwatch.taken(length);
        });
        pipeline.finish();
        if (sink.bytes() >= printedBytes || pipeline.statistics().hits().isEmpty()) {
            throw new IllegalStateException("nothing was masked");
        }
    }

    private void adapter(Stopwatch stopwatch) throws InterruptedException {
        printed((bytes, offset, length) -> {
            stopwatch.begin();
            stopwatch.taken(length);
        });
    }

    /** Prints the log in a sandbox as a job does. */
    private void printed(Sandbox.Output output) throws InterruptedException {
        SandboxSpec spec = fixture.spec();
        SandboxSpec limited =
                new SandboxSpec(
                        spec.job(),
                        spec.pool(),
                        Fixture.with(spec, containers.image()).image(),
                        spec.services(),
                        spec.registries(),
                        spec.network(),
                        spec.checkout(),
                        spec.directory(),
                        LIMITS,
                        spec.hardening());
        Step step =
                new Step(
                        "script",
                        Step.Place.JOB,
                        new Step.Program.Command(containers.command()),
                        Map.of(),
                        List.of(),
                        null);
        try {
            Sandbox sandbox = fixture.create(limited);
            StepEnd end = sandbox.run(step, output, LIMIT, new Cancellation());
            if (!end.equals(new StepEnd.Exited(0))) {
                throw new IllegalStateException("printing the log ended with " + end);
            }
        } finally {
            fixture.backend.destroy(limited.job());
        }
    }

    private void close() throws InterruptedException {
        containers.close();
        fixture.close();
    }
}
