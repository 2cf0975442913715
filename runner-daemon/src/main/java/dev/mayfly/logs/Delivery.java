package dev.mayfly.logs;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings one masked stream to several sinks: the same pieces to each, in the same order, numbered.
 * Allocates nothing for output once its buffer has grown to the longest write.
 *
 * <p>A sink that fails gets nothing more; the others get everything. After an interruption it goes
 * on with the very piece and the very sink where it was. For use by one thread at a time.
 */
final class Delivery {

    /** Those that have neither failed nor finished. */
    private final List<LogSink> sinks;

    /** Output that not all sinks have: from {@code from} to {@code to}. */
    private byte[] pending = new byte[8 * 1024];

    private int from;
    private int to;

    /** Bytes of output before the first one of {@code pending}. */
    private long before;

    private final Deque<Waiting> events = new ArrayDeque<>();
    private long eventsDelivered;

    /** The sink that gets the current piece or event next; those before it have it. */
    private int nextSink;

    private int pieceEnd;
    private @Nullable RuntimeException failure;

    /**
     * An event on its way.
     *
     * @param index of the first pending byte behind it
     */
    private record Waiting(int index, LogEvent event) {}

    Delivery(List<LogSink> sinks) {
        this.sinks = new ArrayList<>(sinks);
    }

    /** Takes output, for the next {@link #deliver}. */
    void output(byte[] bytes, int offset, int length) {
        if (pending.length - to < length) {
            pending = Arrays.copyOf(pending, Math.max(2 * pending.length, to + length));
        }
        System.arraycopy(bytes, offset, pending, to, length);
        to += length;
    }

    /** Takes an event, for the next {@link #deliver}; it stands behind all output up to now. */
    void event(LogEvent event) {
        events.add(new Waiting(to, event));
    }

    /**
     * Hands everything to every sink.
     *
     * @param now the time of the output that no event follows
     * @throws InterruptedException if a sink was interrupted; the rest is for the next call
     */
    void deliver(Instant now) throws InterruptedException {
        while (from < to || !events.isEmpty()) {
            Waiting next = events.peek();
            int until = next == null ? to : next.index();
            if (from < until) {
                if (nextSink == 0) { // otherwise some have the piece already, as it was
                    pieceEnd = Math.min(until, from + LogSink.LARGEST_PIECE);
                }
                toEach(null, next == null ? now : next.event().at());
                from = pieceEnd;
            } else {
                LogEvent event = events.element().event();
                toEach(event, event.at());
                events.remove();
                eventsDelivered++;
            }
        }
        before += to;
        from = 0;
        to = 0;
    }

    private void toEach(@Nullable LogEvent event, Instant at) throws InterruptedException {
        while (nextSink < sinks.size()) {
            LogSink sink = sinks.get(nextSink);
            try {
                if (event == null) {
                    sink.output(before + from, at, pending, from, pieceEnd - from);
                } else {
                    sink.event(position(), event);
                }
                nextSink++;
            } catch (RuntimeException e) {
                // The other sinks shall still get how the job ended.
                sinks.remove(nextSink);
                remember(e);
            }
        }
        nextSink = 0;
    }

    /** Where the delivery is: behind all that every sink has. */
    LogPosition position() {
        return new LogPosition(before + from, eventsDelivered);
    }

    /** Whether there is a sink that could be told something. */
    boolean heard() {
        return !sinks.isEmpty();
    }

    /**
     * Finishes the last of the sinks.
     *
     * @return what it has thrown, or null
     */
    @Nullable RuntimeException finishLast() throws InterruptedException {
        RuntimeException thrown = null;
        try {
            sinks.getLast().finish(position());
        } catch (RuntimeException e) {
            remember(e);
            thrown = e;
        }
        sinks.removeLast();
        return thrown;
    }

    /** Throws, once, what the first sink that failed has thrown, the others' suppressed. */
    void throwFailure() {
        RuntimeException thrown = failure;
        failure = null;
        if (thrown != null) {
            throw thrown;
        }
    }

    private void remember(RuntimeException e) {
        if (failure == null) {
            failure = e;
        } else if (!failure.equals(e)) {
            failure.addSuppressed(e);
        }
    }
}
