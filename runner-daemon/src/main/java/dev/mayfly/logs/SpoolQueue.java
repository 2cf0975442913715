package dev.mayfly.logs;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogSink;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A log between the thread that writes it and the one that delivers it. Bounded: the writer waits
 * for room, until a time that anybody may set, then what it brings is dropped and a notice put in
 * its place.
 */
final class SpoolQueue {

    /** Far more than one job has sections and notices. */
    static final int MOST_EVENTS = 4096;

    /** Output that waits is dated this coarsely. */
    private static final long GRAIN_MILLIS = 100;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private final SpooledBytes bytes;
    private final Deque<Mark> marks = new ArrayDeque<>();
    private long put;
    private long taken;
    private long delivered;
    private boolean eventUnderWay;
    private Instant dated = Instant.EPOCH;
    private Instant time = Instant.EPOCH;

    private long deadline;
    private boolean stuck;
    private long unsaidBytes;
    private long lostBytes;
    private long lostEvents;

    private boolean ended;
    private boolean done;
    private @Nullable RuntimeException failure;

    /**
     * Something at a place in the output: an event, or a date for what follows.
     *
     * @param offset bytes of output before it
     */
    private record Mark(long offset, Instant at, @Nullable LogEvent event) {}

    /** What is delivered next: an event, or if there is none, output. */
    static final class Piece {
        final byte[] bytes = new byte[LogSink.LARGEST_PIECE];
        int length;
        Instant at = Instant.EPOCH;
        @Nullable LogEvent event;
    }

    SpoolQueue(SpoolSettings settings) {
        bytes = new SpooledBytes(settings);
        deadline = System.nanoTime() + settings.patience().toNanos();
    }

    /** The writer waits until then, in the time of {@link System#nanoTime()}. */
    void waitUntil(long nanoTime) {
        lock.lock();
        try {
            deadline = nanoTime;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // -- the thread that writes

    /** Takes all of it, or drops all of it if there is no room in time. */
    void put(Instant at, byte[] from, int offset, int length) throws InterruptedException {
        lock.lock();
        try {
            throwFailure();
            boolean room = append(at, from, offset, length);
            while (!room && mayWait()) {
                changed.awaitNanos(deadline - System.nanoTime());
                throwFailure();
                room = append(at, from, offset, length);
            }
            if (!room) {
                stuck = true;
                unsaidBytes += length;
                lostBytes += length;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean append(Instant at, byte[] from, int offset, int length) {
        boolean sayable = unsaidBytes == 0 || marks.size() < MOST_EVENTS;
        if (!sayable || !bytes.append(from, offset, length)) {
            return false;
        }
        sayWhatIsLost();
        if (at.toEpochMilli() - dated.toEpochMilli() >= GRAIN_MILLIS
                && marks.size() < MOST_EVENTS / 2) {
            marks.add(new Mark(put, at, null));
            dated = at;
        }
        put += length;
        return true;
    }

    /** Takes an event, or drops it if there is no room in time. */
    void put(LogEvent event) throws InterruptedException {
        lock.lock();
        try {
            throwFailure();
            while (marks.size() >= MOST_EVENTS && mayWait()) {
                changed.awaitNanos(deadline - System.nanoTime());
                throwFailure();
            }
            if (marks.size() >= MOST_EVENTS) {
                stuck = true;
                lostEvents++;
                return;
            }
            sayWhatIsLost();
            marks.add(new Mark(put, event.at(), event));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** One that let the writer wait in vain must take something before it may do so again. */
    private boolean mayWait() {
        return !stuck && deadline - System.nanoTime() > 0;
    }

    private void sayWhatIsLost() {
        if (unsaidBytes > 0) {
            Instant now = Instant.now();
            marks.add(
                    new Mark(
                            put,
                            now,
                            new LogEvent.Notice(
                                    now,
                                    unsaidBytes
                                            + " bytes of output are missing here: what this log is delivered to was too slow")));
            unsaidBytes = 0;
        }
    }

    /** Nothing more will be put. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until everything is delivered, as long as the writer may wait.
     *
     * @return whether it is
     */
    boolean awaitDone() throws InterruptedException {
        lock.lock();
        try {
            while (!done && deadline - System.nanoTime() > 0) {
                changed.awaitNanos(deadline - System.nanoTime());
            }
            throwFailure();
            return done;
        } finally {
            lock.unlock();
        }
    }

    /**
     * What did not arrive.
     *
     * @param bytes of output
     */
    record Loss(long bytes, long events) {
        boolean nothing() {
            return bytes == 0 && events == 0;
        }
    }

    Loss loss() {
        lock.lock();
        try {
            long events = marks.stream().filter(mark -> mark.event() != null).count();
            return new Loss(
                    lostBytes + put - delivered, lostEvents + events + (eventUnderWay ? 1 : 0));
        } finally {
            lock.unlock();
        }
    }

    private void throwFailure() {
        if (failure != null) {
            throw failure;
        }
    }

    // -- the thread that delivers

    /** Waits for what comes next; false at the end. What was taken before counts as delivered. */
    boolean take(Piece piece) throws InterruptedException, IOException {
        lock.lockInterruptibly();
        try {
            delivered = taken;
            eventUnderWay = false;
            while (isEmpty()) {
                changed.signalAll();
                sayWhatIsLost();
                if (isEmpty()) {
                    if (ended) {
                        return false;
                    }
                    changed.await();
                }
            }
            fill(piece);
            eventUnderWay = piece.event != null;
            stuck = false;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void fill(Piece piece) throws IOException {
        Mark mark = marks.peek();
        while (mark != null && mark.offset() == taken) {
            marks.remove();
            time = mark.at();
            if (mark.event() != null) {
                piece.event = mark.event();
                return;
            }
            mark = marks.peek();
        }
        long until = mark == null ? put : mark.offset();
        piece.event = null;
        piece.at = time;
        piece.length = bytes.take(piece.bytes, (int) Math.min(piece.bytes.length, until - taken));
        taken += piece.length;
    }

    private boolean isEmpty() {
        return put == taken && marks.isEmpty();
    }

    /**
     * Nothing more will be taken.
     *
     * @param why the writer is to be told, or null if everything was taken
     */
    void done(@Nullable RuntimeException why) {
        lock.lock();
        try {
            done = true;
            failure = why;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets what is left. */
    void close() {
        lock.lock();
        try {
            bytes.close();
        } finally {
            lock.unlock();
        }
    }
}
