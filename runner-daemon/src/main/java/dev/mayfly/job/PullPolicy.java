package dev.mayfly.job;

/** When an image is fetched from its registry. */
public enum PullPolicy {
    /** Each time, so that a tag that has moved is followed. */
    ALWAYS,
    /** When it is not on the engine. */
    IF_NOT_PRESENT,
    /** Never: it is there or the job fails. */
    NEVER
}
