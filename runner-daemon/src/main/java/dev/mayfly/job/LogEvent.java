package dev.mayfly.job;

import java.time.Duration;
import java.time.Instant;

/**
 * One piece of a job's log. Structure is kept apart from output, so that no output can imitate it.
 */
public sealed interface LogEvent {

    Instant at();

    /**
     * What the job printed, masked.
     *
     * @param bytes may be kept; shared by all receivers, so changed by nobody
     */
    @SuppressWarnings("ArrayRecordComponent") // the log's hot path; compared by nobody
    record Output(Instant at, byte[] bytes) implements LogEvent {}

    /**
     * A part of the job begins.
     *
     * @param section for example {@code prepare}, {@code checkout}, {@code script}
     */
    record SectionStarted(Instant at, String section) implements LogEvent {}

    record SectionEnded(Instant at, String section, Duration took) implements LogEvent {}

    /**
     * Mayfly itself has something to say: an image's digest, a limit reached, a refusal. One line.
     */
    record Notice(Instant at, String text) implements LogEvent {}
}
