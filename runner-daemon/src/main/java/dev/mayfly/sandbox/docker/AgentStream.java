package dev.mayfly.sandbox.docker;

import com.github.dockerjava.transport.DockerHttpClient;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The attached standard input and output of one container, speaking with the agent in it.
 *
 * <p>Must be closed before the container is killed or removed: as long as a client is attached and
 * does not read, the engine hangs on every call about the container. Closing ends the agent and
 * with it everything in the container. Safe to close from any thread, any number of times.
 */
final class AgentStream implements AutoCloseable {

    /** What the engine passes on at once, and its headers. */
    private static final int READ_BYTES = 64 * 1024;

    private final String container;
    private final Inbox inbox = new Inbox();
    private final Outbox outbox = new Outbox();
    private final Attached attached = new Attached();
    private final Duration limit;

    private AgentStream(String container, Duration limit) {
        this.container = container;
        this.limit = limit;
    }

    /**
     * Attaches to a container that has been created and not been started, so that nothing it says
     * is missed.
     *
     * @param limit of attaching, and of each later wait for the container to take what it is sent
     */
    static AgentStream attach(DockerEngine engine, String container, Duration limit)
            throws InterruptedException {
        AgentStream stream = new AgentStream(container, limit);
        try {
            stream.attached.begin(engine);
            stream.awaitAttached();
            return stream;
        } catch (InterruptedException | RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    private void awaitAttached() throws InterruptedException {
        // Started too early, the container's first words would be lost.
        if (!attached.settled.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
            throw fault("attaching was not answered within " + limit.toSeconds() + " s");
        }
        if (attached.open == null) {
            throw fault("attaching failed: " + inbox.take(System.nanoTime()));
        }
    }

    /** The agent's first message; waits for it at most the stream's limit. */
    AgentMessage.Hello hello() throws InterruptedException {
        return switch (receive(System.nanoTime() + limit.toNanos())) {
            case AgentMessage.Hello hello -> hello;
            case null -> throw fault("the agent said nothing within " + limit.toSeconds() + " s");
            case AgentMessage other -> throw fault("the agent did not begin with H but " + other);
        };
    }

    /** The agent's answer to a connection it was asked to try. */
    boolean tried() throws InterruptedException {
        return switch (receive(System.nanoTime() + limit.toNanos())) {
            case AgentMessage.Tried(boolean accepted) -> accepted;
            case null -> throw fault("the agent said nothing within " + limit.toSeconds() + " s");
            case AgentMessage other -> throw fault("the agent did not answer T but " + other);
        };
    }

    /**
     * The next message, in order.
     *
     * @param deadline in the time of {@link System#nanoTime()}
     * @return null if there is none by then, or after {@link #wake}
     */
    @Nullable AgentMessage receive(long deadline) throws InterruptedException {
        return inbox.take(deadline);
    }

    /** Makes a waiting {@link #receive} return early. */
    void wake() {
        inbox.wake();
    }

    /** Sends, waiting at most the stream's limit for the container to take earlier frames. */
    void send(byte[] frame) throws InterruptedException {
        try {
            if (!outbox.send(frame, System.nanoTime() + limit.toNanos())) {
                throw fault("the agent read nothing for " + limit.toSeconds() + " s");
            }
        } catch (IOException e) {
            throw gone(e);
        }
    }

    /**
     * Sends input of a step, waiting as long as the step takes to read what was sent before.
     *
     * @param deadline in the time of {@link System#nanoTime()}
     * @return false if it was not taken by then or the stream is closed
     */
    boolean sendInput(byte[] frame, long deadline) throws InterruptedException {
        try {
            return outbox.send(frame, deadline);
        } catch (IOException e) {
            return false;
        }
    }

    /** The agent's answer when it was made a relay. */
    void requireRelaying() throws InterruptedException {
        switch (receive(System.nanoTime() + limit.toNanos())) {
            case AgentMessage.Relaying() -> {}
            case null -> throw fault("the agent said nothing within " + limit.toSeconds() + " s");
            case AgentMessage other ->
                    throw fault(
                            "the agent did not become a relay, which one of another version may"
                                    + " not know to do: build the agent image again: "
                                    + other);
        }
    }

    /**
     * Sends bytes of a connection, waiting at most the stream's limit for room: a relay always
     * reads, and what one connection may send has a bound of its own.
     */
    void sendRelayed(byte[] frame) throws IOException, InterruptedException {
        if (!outbox.send(frame, System.nanoTime() + limit.toNanos())) {
            throw new IOException("the relay read nothing for " + limit.toSeconds() + " s");
        }
    }

    /** Sends a signal to all processes of the step, ahead of the bound. */
    void signal(int number) {
        sendNow(AgentFrames.signal(number));
    }

    /**
     * Answers a process that wants a value masked, ahead of the bound: the agent asks again only
     * when it has the answer, and its reader must not wait for a step that reads no input.
     *
     * @param refusal why the value is not masked; empty if it is
     */
    void answer(Optional<String> refusal) {
        sendNow(refusal.map(AgentFrames::notMasked).orElseGet(AgentFrames::masked));
    }

    /** Sends ahead of the bound; for what is small and of which there is little. */
    void sendNow(byte[] frame) {
        try {
            outbox.sendNow(frame);
        } catch (IOException e) {
            inbox.end(DockerEngine.reason(e));
        }
    }

    private FaultException gone(IOException e) {
        return new FaultException(
                Fault.ENGINE, "container %s: %s".formatted(container, DockerEngine.reason(e)), e);
    }

    private FaultException fault(String what) {
        return new FaultException(
                Fault.ENGINE,
                "container %s: %s; look at the engine's log".formatted(container, what));
    }

    @Override
    public void close() {
        outbox.close();
        inbox.close();
        attached.close();
    }

    /** Reads the stream, on a thread of its own. */
    private final class Attached implements AutoCloseable {

        private final EngineFrames frames = new EngineFrames();
        private final AgentDecoder decoder = new AgentDecoder();
        private final CountDownLatch settled = new CountDownLatch(1);
        private final Object lock = new Object();
        private @Nullable Thread reader;
        private volatile @Nullable Closeable open;
        private volatile boolean closed;

        /** Begins to attach. */
        void begin(DockerEngine engine) {
            synchronized (lock) {
                // A platform thread: the transport's reads would pin a virtual one's carrier.
                reader =
                        Thread.ofPlatform()
                                .daemon()
                                .name("stream-of-" + container)
                                .start(() -> run(engine));
            }
        }

        private void run(DockerEngine engine) {
            try (DockerHttpClient.Response response = engine.attach(container, outbox)) {
                open = response;
                // Whoever closed before could not close the response; an interrupt does not end
                // every transport's reads.
                if (closed) {
                    throw new InterruptedException();
                }
                settled.countDown();
                read(response.getBody());
                boolean cut = frames.cut() || decoder.cut();
                finished(
                        cut
                                ? "the container ended in the middle of a frame"
                                : "the container ended");
            } catch (IllegalArgumentException e) {
                finished(
                        "the agent or the engine does not keep to its protocol: " + e.getMessage());
            } catch (InterruptedException e) {
                finished("the stream was closed");
            } catch (IOException | RuntimeException e) {
                finished("the connection broke: " + DockerEngine.reason(e));
            } finally {
                // Only the first reason counts; an error of the machine has none but this.
                finished("the thread that reads the stream ended");
            }
        }

        private void read(InputStream body) throws IOException, InterruptedException {
            byte[] buffer = new byte[READ_BYTES];
            int length = body.read(buffer);
            while (length >= 0) {
                // What is passed on is kept. A buffer that is nearly full goes itself.
                boolean full = length > READ_BYTES / 2;
                byte[] bytes = full ? buffer : Arrays.copyOf(buffer, length);
                // The agent owns both descriptors: nobody else in the container can write to them.
                frames.feed(
                        bytes,
                        length,
                        (array, from, to) -> decoder.feed(array, from, to, inbox::put));
                buffer = full ? new byte[READ_BYTES] : buffer;
                length = body.read(buffer);
            }
        }

        private void finished(String why) {
            inbox.end(why);
            // The transport's writing thread lives until its input ends.
            outbox.close();
            settled.countDown();
        }

        @Override
        public void close() {
            Thread reading;
            synchronized (lock) {
                if (closed) {
                    return;
                }
                closed = true;
                reading = reader;
            }
            if (reading == null) {
                return;
            }
            reading.interrupt();
            Closeable stream = open;
            if (stream == null) {
                return;
            }
            try {
                stream.close();
            } catch (IOException e) {
                inbox.end("closing failed: " + DockerEngine.reason(e));
            }
        }
    }
}
