package dev.mayfly;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Writes into a sink as a job's log does: in pieces, and numbered. */
public final class WrittenLog {

    private final LogSink sink;
    private final LogOrder order = new LogOrder(LogPosition.START);

    public WrittenLog(LogSink sink) {
        this.sink = sink;
    }

    /** Writes output. */
    public void output(Instant at, byte[] bytes) throws InterruptedException {
        for (int from = 0; from < bytes.length; from += LogSink.LARGEST_PIECE) {
            int length = Math.min(LogSink.LARGEST_PIECE, bytes.length - from);
            long start = order.position().output();
            sink.output(start, at, bytes, from, length);
            order.output(start, length);
        }
    }

    /** The same, as text and now. */
    public void output(String text) throws InterruptedException {
        output(Instant.now(), text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a section's head or end, or a notice. */
    public void event(LogEvent event) throws InterruptedException {
        LogPosition at = order.position();
        sink.event(at, event);
        order.event(at);
    }

    /** Ends the log. */
    public void finish() throws InterruptedException {
        sink.finish(order.position());
    }
}
