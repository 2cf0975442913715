package dev.mayfly.source.local;

/** How much of a job's log is there. */
public enum LogState {
    /** The job has not ended. */
    GROWING,
    /** Everything is there, to the end. */
    COMPLETE,
    /** The job has ended and its log has no end, or output is missing from it. */
    INCOMPLETE
}
