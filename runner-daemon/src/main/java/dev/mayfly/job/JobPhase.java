package dev.mayfly.job;

/** Where a job is on its way. Also a metric label, so the list stays short. */
public enum JobPhase {
    /** Waiting in the source. */
    QUEUED,
    /** Taken from the source by somebody who holds a slot. */
    CLAIMED,
    /** Secrets are fetched and the sandbox is created. */
    PREPARING,
    /** The script runs. */
    RUNNING,
    /** The outcome is known; the environment is being destroyed. */
    TEARING_DOWN,
    /** Everything is gone and that was verified. */
    FINISHED,
    /** Something could not be removed or not be verified; it is tried again. */
    QUARANTINED
}
