package dev.mayfly.source.local;

/**
 * A log that was followed to its end.
 *
 * @param job with its outcome
 */
public record FollowedLog(LocalJob job, LogEnd end) {}
