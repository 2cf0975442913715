package dev.mayfly.pool;

import dev.mayfly.job.PoolName;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The capacity of one pool. Whoever wants to run a job there first takes a slot, and only then asks
 * a source for a job. Safe for use by many threads; who waits longest is served first.
 */
public final class SlotPool {

    private final PoolName pool;
    private final int capacity;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition freed = lock.newCondition();
    private int used;
    private int quarantined;

    /**
     * Makes a pool whose slots are all free.
     *
     * @param capacity how many jobs may run at the same time, at least 1
     */
    public SlotPool(PoolName pool, int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException(
                    "pool " + pool + " needs at least 1 slot, got " + capacity);
        }
        this.pool = pool;
        this.capacity = capacity;
    }

    public PoolName pool() {
        return pool;
    }

    /** Takes a slot if one is free. */
    public Optional<Slot> tryAcquire() {
        lock.lock();
        try {
            return take();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a slot, waiting for one.
     *
     * @param wait how long at most
     * @return empty when none became free in time
     */
    public Optional<Slot> acquire(Duration wait) throws InterruptedException {
        long left = wait.toNanos();
        lock.lockInterruptibly();
        try {
            while (free() == 0 && left > 0) {
                left = freed.awaitNanos(left);
            }
            return take();
        } finally {
            lock.unlock();
        }
    }

    /** How the slots are used at this moment. */
    public Occupancy occupancy() {
        lock.lock();
        try {
            return new Occupancy(free(), used, quarantined);
        } finally {
            lock.unlock();
        }
    }

    /**
     * How a pool's slots are used. The three sum up to its capacity.
     *
     * @param free can be taken
     * @param used taken by jobs
     * @param quarantined lost, because something of a job could not be removed
     */
    public record Occupancy(int free, int used, int quarantined) {}

    /** Moves a slot from one state to another, if it is in the first. */
    void move(Slot slot, Slot.State from, Slot.State to) {
        lock.lock();
        try {
            if (slot.state != from) {
                return;
            }
            slot.state = to;
            count(from, -1);
            count(to, 1);
            if (to == Slot.State.FREE) {
                freed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private Optional<Slot> take() {
        if (free() == 0) {
            return Optional.empty();
        }
        used++;
        return Optional.of(new Slot(this));
    }

    private int free() {
        return capacity - used - quarantined;
    }

    private void count(Slot.State state, int change) {
        switch (state) {
            case USED -> used += change;
            case QUARANTINED -> quarantined += change;
            case FREE -> {}
        }
    }
}
