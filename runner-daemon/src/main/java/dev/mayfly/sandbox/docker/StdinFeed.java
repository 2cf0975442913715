package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.sandbox.Step;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Feeds a step's standard input while its output is read; ends with the step. */
final class StdinFeed implements AutoCloseable {

    private static final int PART_BYTES = 64 * 1024;
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final Step step;
    private final AgentStream stream;
    private final long deadline;
    private final @Nullable Thread feeding;
    private volatile @Nullable IOException failure;

    private StdinFeed(Step step, AgentStream stream, long deadline) {
        this.step = step;
        this.stream = stream;
        this.deadline = deadline;
        Supplier<InputStream> source = step.stdin();
        feeding =
                source == null
                        ? null
                        : Thread.ofVirtual()
                                .name("stdin-" + step.name())
                                .unstarted(() -> feed(source));
    }

    /**
     * Begins to feed.
     *
     * @param deadline when the step is over at the latest, in the time of {@link System#nanoTime()}
     */
    static StdinFeed start(Step step, AgentStream stream, long deadline) {
        StdinFeed feed = new StdinFeed(step, stream, deadline);
        if (feed.feeding != null) {
            feed.feeding.start();
        }
        return feed;
    }

    private void feed(Supplier<InputStream> source) {
        byte[] part = new byte[PART_BYTES];
        try (InputStream in = source.get()) {
            int length;
            while ((length = in.read(part)) >= 0) {
                if (!stream.sendInput(AgentFrames.input(part, 0, length), deadline)) {
                    return;
                }
            }
            stream.sendInput(AgentFrames.endOfInput(), deadline);
        } catch (IOException | RuntimeException e) {
            failure = e instanceof IOException io ? io : new IOException(e);
            stream.wake();
        } catch (InterruptedException e) {
            // The step has ended and did not want the rest.
            Thread.currentThread().interrupt();
        }
    }

    boolean failed() {
        return failure != null;
    }

    /** The fault that ended the feed, if one did. */
    void requireIntact() {
        IOException cause = failure;
        if (cause != null) {
            throw new FaultException(
                    Fault.WORKSPACE,
                    "the input of step %s could not be read: %s"
                            .formatted(step.name(), DockerEngine.reason(cause)),
                    cause);
        }
    }

    /** Stops feeding; afterwards nothing more is sent. */
    @Override
    public void close() {
        if (feeding == null) {
            return;
        }
        feeding.interrupt();
        boolean interrupted = Thread.interrupted();
        try {
            feeding.join(FAREWELL);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
