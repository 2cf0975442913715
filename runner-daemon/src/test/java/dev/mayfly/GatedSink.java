package dev.mayfly;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * A CI server as a test wants it: takes one thing for each permit, and holds what it gets to its
 * order. Events stand in its text as {@code <+section>}, {@code <-section>} and {@code <notice>}.
 */
public final class GatedSink implements LogSink {

    public final Semaphore permits = new Semaphore(0);
    private final StringBuilder text = new StringBuilder();
    private final LogOrder order = new LogOrder(LogPosition.START);
    private boolean finished;

    /** Thrown instead of taking anything. */
    public volatile @Nullable RuntimeException failure;

    /** What it has taken. */
    public synchronized String text() {
        return text.toString();
    }

    public synchronized boolean finished() {
        return finished;
    }

    /** From now on it takes everything at once. */
    public void open() {
        permits.release(1_000_000);
    }

    private void enter() throws InterruptedException {
        permits.acquire();
        RuntimeException thrown = failure;
        if (thrown != null) {
            throw thrown;
        }
    }

    @Override
    public void output(long start, Instant at, byte[] bytes, int offset, int length)
            throws InterruptedException {
        enter();
        synchronized (this) {
            order.output(start, length);
            text.append(new String(bytes, offset, length, StandardCharsets.UTF_8));
        }
    }

    @Override
    public void event(LogPosition at, LogEvent event) throws InterruptedException {
        enter();
        synchronized (this) {
            order.event(at);
            text.append(
                    switch (event) {
                        case LogEvent.SectionStarted(var _, String name) -> "<+" + name + ">";
                        case LogEvent.SectionEnded(var _, String name, var _) -> "<-" + name + ">";
                        case LogEvent.Notice(var _, String said) -> "<" + said + ">";
                    });
        }
    }

    @Override
    public synchronized void finish(LogPosition total) {
        order.end(total);
        finished = true;
    }

    @Override
    public boolean slow() {
        return true;
    }
}
