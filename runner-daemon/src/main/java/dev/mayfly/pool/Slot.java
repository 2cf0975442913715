package dev.mayfly.pool;

import dev.mayfly.job.PoolName;

/**
 * The right to run one job in one pool. Taken from a {@link SlotPool} and good for one job: once
 * released it is spent. Safe for use by many threads; every method can be repeated.
 */
public final class Slot {

    private final SlotPool pool;

    /** Guarded by the pool's lock. */
    State state = State.USED;

    enum State {
        USED,
        QUARANTINED,
        FREE
    }

    Slot(SlotPool pool) {
        this.pool = pool;
    }

    public PoolName pool() {
        return pool.pool();
    }

    /**
     * Gives the slot back. Does nothing to a slot in quarantine, so that the normal end of a job
     * cannot free what its teardown has locked.
     */
    public void release() {
        pool.move(this, State.USED, State.FREE);
    }

    /** Withholds the slot, because something of its job may be left. */
    public void quarantine() {
        pool.move(this, State.USED, State.QUARANTINED);
    }

    /** Ends the quarantine and gives the slot back: nothing of its job is left after all. */
    public void restore() {
        pool.move(this, State.QUARANTINED, State.FREE);
    }
}
