package dev.mayfly.logs;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before a slow sink, so that a job runs at its own speed as long as the sink is not too far
 * behind. The sink is called on a thread of its own, as soon as there is something for it.
 *
 * <p>What it has not taken waits, up to a bound ({@link SpoolSettings}); then the job waits too,
 * but never longer than {@link #waitUntil} says. What comes after that and finds no room is
 * dropped, and the sink gets a notice in its place: what it does get is numbered without gaps. A
 * sink that has made the job wait in vain must take something before it may do so again. {@link
 * #finish} tells of the loss.
 *
 * <p>A sink that throws is given up: the next call here throws the same. Written to by one thread;
 * {@link #waitUntil} is for any.
 */
public final class LogSpool implements LogSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LogSpool.class);

    /** From being told to end until a thread is left alone. */
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final String name;
    private final LogSink sink;
    private final SpoolQueue queue;
    private final Thread delivery;
    private final LogOrder order = new LogOrder(LogPosition.START);

    private LogSpool(String name, LogSink sink, SpoolSettings settings) {
        this.name = name;
        this.sink = sink;
        queue = new SpoolQueue(settings);
        delivery = Thread.ofVirtual().name("deliver-" + name).unstarted(this::deliver);
    }

    /**
     * Puts a spool before a sink. At first it waits for {@link SpoolSettings#patience()}.
     *
     * @param name of the log, for the thread and for people
     * @return to be closed
     */
    public static LogSpool before(LogSink sink, String name, SpoolSettings settings) {
        LogSpool spool = new LogSpool(name, sink, settings);
        spool.delivery.start();
        return spool;
    }

    /**
     * Deletes what a crash has left of spools. Never harms one that is in use.
     *
     * @throws IOException when the directory cannot be read
     */
    public static void sweep(Path directory) throws IOException {
        SpooledBytes.sweep(directory);
    }

    /**
     * Nobody waits for the sink beyond this time, nor does who waits already.
     *
     * @param nanoTime in the time of {@link System#nanoTime()}
     */
    public void waitUntil(long nanoTime) {
        queue.waitUntil(nanoTime);
    }

    @Override
    public void output(long start, Instant at, byte[] bytes, int offset, int length)
            throws InterruptedException {
        order.requireOutput(start);
        queue.put(at, bytes, offset, length);
        order.output(start, length);
    }

    @Override
    public void event(LogPosition at, LogEvent event) throws InterruptedException {
        order.requireEvent(at);
        queue.put(event);
        order.event(at);
    }

    /**
     * Waits until the sink has everything and is finished.
     *
     * @throws FaultException {@code LOG} if something was lost on the way, or the sink was still
     *     behind at the time that {@link #waitUntil} names
     */
    @Override
    public void finish(LogPosition total) throws InterruptedException {
        order.end(total);
        queue.end();
        boolean done = queue.awaitDone();
        SpoolQueue.Loss loss = queue.loss();
        if (!done || !loss.nothing()) {
            throw new FaultException(
                    Fault.LOG,
                    "%d bytes of output and %d events of log %s were not delivered in time: %s"
                            .formatted(
                                    loss.bytes(),
                                    loss.events(),
                                    name,
                                    done ? "it tells where" : "it ends too early"));
        }
    }

    /** How much output the sink has not got, up to now. */
    public long undeliveredBytes() {
        return queue.loss().bytes();
    }

    /** Stops delivering, whatever is left, and forgets it. */
    @Override
    public void close() {
        delivery.interrupt();
        boolean interrupted = Thread.interrupted();
        try {
            if (!delivery.join(FAREWELL)) {
                LOG.warn("a sink does not let its thread go log={}", name);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        queue.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The sink has a numbering of its own: without what was dropped, and with the notices. */
    private void deliver() {
        LogOrder delivered = new LogOrder(LogPosition.START);
        SpoolQueue.Piece piece = new SpoolQueue.Piece();
        try {
            while (queue.take(piece)) {
                LogPosition at = delivered.position();
                if (piece.event == null) {
                    sink.output(at.output(), piece.at, piece.bytes, 0, piece.length);
                    delivered.output(at.output(), piece.length);
                } else {
                    sink.event(at, piece.event);
                    delivered.event(at);
                }
            }
            sink.finish(delivered.position());
            queue.done(null);
        } catch (RuntimeException e) {
            queue.done(e);
        } catch (IOException e) {
            queue.done(
                    new FaultException(
                            Fault.LOG,
                            "what waited for delivery of log %s cannot be read back (%s): look at the file system of the state directory"
                                    .formatted(name, e.getMessage()),
                            e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed: who did that knows what is missing
        } catch (Error e) {
            queue.done(new IllegalStateException("a defect in what takes log " + name, e));
            throw e;
        }
    }
}
