package dev.mayfly.source.local;

/**
 * What a job has printed, masked, without sections and notices.
 *
 * @param state how much of it that is
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record StoredOutput(byte[] bytes, LogState state) {}
