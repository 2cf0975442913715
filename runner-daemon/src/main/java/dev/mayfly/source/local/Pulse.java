package dev.mayfly.source.local;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Wakes whoever waits for something to change. A beat between looking and waiting is not missed.
 */
final class Pulse {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition beaten = lock.newCondition();
    private long beats;

    void beat() {
        lock.lock();
        try {
            beats++;
            beaten.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** To be asked before looking, and handed to {@link #await}. */
    long beats() {
        lock.lock();
        try {
            return beats;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a beat after the given one.
     *
     * @return whether there was one in time
     */
    boolean await(long seen, long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (beats == seen && left > 0) {
                left = beaten.awaitNanos(left);
            }
            return beats != seen;
        } finally {
            lock.unlock();
        }
    }
}
