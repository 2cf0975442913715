package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.sun.management.OperatingSystemMXBean;
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
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

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
    private static final String LOG = "/log";
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final SandboxLimits LIMITS =
            new SandboxLimits(
                    512L << 20, Runtime.getRuntime().availableProcessors(), 128, 1024, 64L << 20);
    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final Fixture fixture = new Fixture();
    private final int rounds;
    private final List<String> command = new ArrayList<>();
    private final long printedBytes;
    private final String image;

    private EndToEndBenchmark(int rounds, int repeats) throws InterruptedException, IOException {
        this.rounds = rounds;
        command.add("cat");
        command.addAll(Collections.nCopies(repeats, LOG));
        printedBytes = (long) repeats * LOG_BYTES;
        image = "mayfly-bench/%s:1".formatted(UUID.randomUUID());
        makeImage();
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

    /** Counts what comes, and takes the time from the first bytes to the last. */
    private static final class Stopwatch {
        private volatile long bytes;
        private long first;
        private volatile long last;
        private long processorBefore;
        private long processorAfter;

        void begin() {
            if (bytes == 0) {
                first = System.nanoTime();
                processorBefore = PROCESS.getProcessCpuTime();
            }
        }

        /** To be called by one thread. */
        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
        void taken(int count, long all) {
            bytes += count;
            if (bytes >= all) {
                last = System.nanoTime();
                processorAfter = PROCESS.getProcessCpuTime();
            }
        }

        double megabytesPerSecond(long expected) {
            if (bytes != expected) {
                throw new IllegalStateException(
                        "%,d bytes were printed, %,d arrived".formatted(expected, bytes));
            }
            return bytes * 1e3 / (last - first);
        }

        double processorMillisForAMegabyte() {
            return (processorAfter - processorBefore) / (double) bytes;
        }
    }

    /**
     * Runs.
     *
     * @param arguments the file that gets the floors; {@code quick} or {@code full}
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        boolean quick = arguments[1].equals("quick");
        EndToEndBenchmark benchmark = new EndToEndBenchmark(quick ? 5 : 7, quick ? 8 : 24);
        Floors floors = new Floors();
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
        Contestant bare = new Contestant("docker-java's attach, counting", this::attach);
        Contestant masked =
                new Contestant("Mayfly: adapter, 100 secrets in all forms", this::pipeline);
        Contestant withTokens =
                new Contestant("the same with token shapes", this::pipelineWithTokens);
        List<Contestant> contestants = new ArrayList<>();
        contestants.add(bare);
        if (Fixture.HOST.getScheme().equals("unix")) {
            contestants.add(new Contestant("the bare connection, counting", this::rawAttach));
        }
        contestants.add(new Contestant("Mayfly: adapter, nothing masked", this::adapter));
        contestants.add(masked);
        contestants.add(withTokens);
        for (int round = -1; round < rounds; round++) {
            for (Contestant contestant : contestants) {
                Stopwatch stopwatch = new Stopwatch();
                contestant.way().carry(stopwatch);
                double speed = stopwatch.megabytesPerSecond(printedBytes);
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
            stopwatch.taken(length, printedBytes);
        });
        pipeline.finish();
        if (sink.bytes() >= printedBytes || pipeline.statistics().hits().isEmpty()) {
            throw new IllegalStateException("nothing was masked");
        }
    }

    private void adapter(Stopwatch stopwatch) throws InterruptedException {
        printed((bytes, offset, length) -> {
            stopwatch.begin();
            stopwatch.taken(length, printedBytes);
        });
    }

    /** Prints the log in a sandbox as a job does. */
    private void printed(Sandbox.Output output) throws InterruptedException {
        SandboxSpec spec = fixture.spec();
        SandboxSpec limited =
                new SandboxSpec(
                        spec.job(),
                        spec.pool(),
                        Fixture.with(spec, image).image(),
                        spec.services(),
                        spec.network(),
                        spec.checkout(),
                        LIMITS,
                        spec.hardening());
        Step step =
                new Step(
                        "script",
                        Step.Place.JOB,
                        new Step.Program.Command(command),
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

    private void attach(Stopwatch stopwatch) throws InterruptedException, IOException {
        String container = container();
        try (Counting counting = new Counting(stopwatch)) {
            fixture.engine.call(
                    "attaching",
                    client ->
                            client.attachContainerCmd(container)
                                    .withStdOut(true)
                                    .withStdErr(true)
                                    .withFollowStream(true)
                                    .exec(counting));
            counting.awaitStarted();
            start(container);
            if (!counting.awaitCompletion(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("the container still prints after " + LIMIT);
            }
        } finally {
            remove(container);
        }
    }

    private final class Counting extends ResultCallback.Adapter<Frame> {
        private final Stopwatch stopwatch;

        Counting(Stopwatch stopwatch) {
            this.stopwatch = stopwatch;
        }

        @Override
        public void onNext(Frame frame) {
            stopwatch.begin();
            stopwatch.taken(frame.getPayload().length, printedBytes);
        }
    }

    private void rawAttach(Stopwatch stopwatch) throws InterruptedException, IOException {
        String container = container();
        try (SocketChannel socket =
                SocketChannel.open(UnixDomainSocketAddress.of(Fixture.HOST.getPath()))) {
            String request =
                    "POST /containers/%s/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\n"
                                    .formatted(container)
                            + "Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
            socket.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            readHead(socket);
            start(container);
            countFrames(socket, stopwatch);
        } finally {
            remove(container);
        }
    }

    private static void readHead(SocketChannel socket) throws IOException {
        StringBuilder head = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (head.indexOf("\r\n\r\n") < 0) {
            if (socket.read(one.clear()) < 0) {
                throw new IOException("the engine closed the connection after: " + head);
            }
            head.append((char) one.get(0));
        }
        if (!head.toString().startsWith("HTTP/1.1 101")) {
            throw new IOException("the engine refused to attach: " + head);
        }
    }

    /**
     * A frame is one byte for the stream, three that are zero, four for the length, the payload.
     */
    private void countFrames(SocketChannel socket, Stopwatch stopwatch) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
        int payload = 0;
        while (socket.read(buffer) >= 0) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                if (payload == 0) {
                    if (buffer.remaining() < 8) {
                        break;
                    }
                    buffer.getInt();
                    payload = buffer.getInt();
                }
                int part = Math.min(payload, buffer.remaining());
                buffer.position(buffer.position() + part);
                payload -= part;
                if (part > 0) {
                    stopwatch.begin();
                    stopwatch.taken(part, printedBytes);
                }
            }
            buffer.compact();
        }
    }

    private String container() throws InterruptedException {
        return fixture.engine.call(
                "creating a container",
                client ->
                        client.createContainerCmd(image)
                                .withEntrypoint(command)
                                .withLabels(Map.of(TestImages.LABEL, fixture.daemon))
                                .withAttachStdout(true)
                                .withAttachStderr(true)
                                .withNetworkDisabled(true)
                                .withHostConfig(
                                        HostConfig.newHostConfig()
                                                .withMemory(LIMITS.memoryBytes())
                                                .withMemorySwap(LIMITS.memoryBytes())
                                                .withNanoCPUs(
                                                        Math.round(LIMITS.cpus() * 1_000_000_000L))
                                                .withLogConfig(
                                                        new LogConfig(LogConfig.LoggingType.NONE)))
                                .exec()
                                .getId());
    }

    private void start(String container) throws InterruptedException {
        fixture.engine.call("starting", client -> client.startContainerCmd(container).exec());
    }

    private void remove(String container) throws InterruptedException {
        fixture.engine.call(
                "removing", client -> client.removeContainerCmd(container).withForce(true).exec());
    }

    /** The agent image with a build log in it. */
    private void makeImage() throws InterruptedException, IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(packed)) {
            TarArchiveEntry entry = new TarArchiveEntry(LOG.substring(1));
            entry.setSize(LOG_BYTES);
            entry.setMode(0444);
            tar.putArchiveEntry(entry);
            tar.write(BuildLog.of(LOG_BYTES, true));
            tar.closeArchiveEntry();
        }
        String container =
                fixture.engine.call(
                        "creating a container",
                        client ->
                                client.createContainerCmd(Fixture.AGENT_IMAGE)
                                        .withLabels(Map.of(TestImages.LABEL, fixture.daemon))
                                        .exec()
                                        .getId());
        try {
            fixture.engine.call(
                    "copying the log",
                    client ->
                            client.copyArchiveToContainerCmd(container)
                                    .withRemotePath("/")
                                    .withTarInputStream(
                                            new ByteArrayInputStream(packed.toByteArray()))
                                    .exec());
            fixture.engine.call(
                    "making an image",
                    client ->
                            client.commitCmd(container)
                                    .withRepository(image.substring(0, image.indexOf(':')))
                                    .withTag("1")
                                    .exec());
        } finally {
            remove(container);
        }
    }

    private void close() throws InterruptedException {
        fixture.engine.call("removing " + image, client -> client.removeImageCmd(image).exec());
        fixture.close();
    }
}
