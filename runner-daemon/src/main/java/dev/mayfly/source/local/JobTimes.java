package dev.mayfly.source.local;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * When a job got how far.
 *
 * @param submitted when it was stored
 * @param claimed when a process took it, or null
 * @param started when its script began, or null
 * @param ended when its outcome was known, or null
 * @param released when its environment was last looked for, or null
 */
public record JobTimes(
        Instant submitted,
        @Nullable Instant claimed,
        @Nullable Instant started,
        @Nullable Instant ended,
        @Nullable Instant released) {}
