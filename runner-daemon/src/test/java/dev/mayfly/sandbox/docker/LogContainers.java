package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import dev.mayfly.sandbox.SandboxLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Containers without the agent that print a log once and end: a file of an image that is made of
 * the agent's, so that a sandbox can print the same.
 */
final class LogContainers {

    private static final String LOG = "/log";
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final DockerEngine engine;
    private final SandboxLimits limits;
    private final String owner;
    private final String image = "mayfly-bench/%s:1".formatted(UUID.randomUUID());
    private final List<String> command = new ArrayList<>();

    /**
     * Makes the image.
     *
     * @param owner labels all that is made
     * @param limits those of each container
     * @param log the file
     * @param repeats how often a container prints it
     */
    LogContainers(DockerEngine engine, String owner, SandboxLimits limits, byte[] log, int repeats)
            throws InterruptedException, IOException {
        this.engine = engine;
        this.owner = owner;
        this.limits = limits;
        command.add("cat");
        command.addAll(Collections.nCopies(repeats, LOG));
        makeImage(log);
    }

    String image() {
        return image;
    }

    /** Prints the log, in a container of the image. */
    List<String> command() {
        return command;
    }

    /** Prints the log to docker-java, which counts it. */
    void attach(Stopwatch stopwatch) throws InterruptedException, IOException {
        String container = container();
        try (Counting counting = new Counting(stopwatch)) {
            engine.call(
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

    private static final class Counting extends ResultCallback.Adapter<Frame> {
        private final Stopwatch stopwatch;

        Counting(Stopwatch stopwatch) {
            this.stopwatch = stopwatch;
        }

        @Override
        public void onNext(Frame frame) {
            stopwatch.begin();
            stopwatch.taken(frame.getPayload().length);
        }
    }

    /** Prints the log to a bare connection, which is only read. */
    void rawAttach(Stopwatch stopwatch) throws InterruptedException, IOException {
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
    private static void countFrames(SocketChannel socket, Stopwatch stopwatch) throws IOException {
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
                    stopwatch.taken(part);
                }
            }
            buffer.compact();
        }
    }

    private String container() throws InterruptedException {
        return engine.call(
                "creating a container",
                client ->
                        client.createContainerCmd(image)
                                .withEntrypoint(command)
                                .withLabels(Map.of(TestImages.LABEL, owner))
                                .withAttachStdout(true)
                                .withAttachStderr(true)
                                .withNetworkDisabled(true)
                                .withHostConfig(
                                        HostConfig.newHostConfig()
                                                .withMemory(limits.memoryBytes())
                                                .withMemorySwap(limits.memoryBytes())
                                                .withNanoCPUs(
                                                        Math.round(limits.cpus() * 1_000_000_000L))
                                                .withLogConfig(
                                                        new LogConfig(LogConfig.LoggingType.NONE)))
                                .exec()
                                .getId());
    }

    private void start(String container) throws InterruptedException {
        engine.call("starting", client -> client.startContainerCmd(container).exec());
    }

    private void remove(String container) throws InterruptedException {
        engine.call(
                "removing", client -> client.removeContainerCmd(container).withForce(true).exec());
    }

    /** The agent image with a build log in it. */
    private void makeImage(byte[] log) throws InterruptedException, IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(packed)) {
            TarArchiveEntry entry = new TarArchiveEntry(LOG.substring(1));
            entry.setSize(log.length);
            entry.setMode(0444);
            tar.putArchiveEntry(entry);
            tar.write(log);
            tar.closeArchiveEntry();
        }
        String container =
                engine.call(
                        "creating a container",
                        client ->
                                client.createContainerCmd(Fixture.AGENT_IMAGE)
                                        .withLabels(Map.of(TestImages.LABEL, owner))
                                        .exec()
                                        .getId());
        try {
            engine.call(
                    "copying the log",
                    client ->
                            client.copyArchiveToContainerCmd(container)
                                    .withRemotePath("/")
                                    .withTarInputStream(
                                            new ByteArrayInputStream(packed.toByteArray()))
                                    .exec());
            engine.call(
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

    /** Removes the image. */
    void close() throws InterruptedException {
        engine.call("removing " + image, client -> client.removeImageCmd(image).exec());
    }
}
