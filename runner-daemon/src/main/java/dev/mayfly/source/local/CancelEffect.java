package dev.mayfly.source.local;

/** What asking a job to end did. */
public enum CancelEffect {
    /** It was waiting and will never run. */
    ENDED,
    /** It runs, and was told. */
    REQUESTED,
    /** It had its outcome already; nothing changed. */
    TOO_LATE
}
