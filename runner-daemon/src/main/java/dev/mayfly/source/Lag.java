package dev.mayfly.source;

import java.time.Duration;

/**
 * How far what a source's jobs have printed is ahead of what its server has.
 *
 * @param bytes that the server does not have yet, of all jobs together
 * @param longest for how long the log that is behind the longest has been so; zero when none is
 */
public record Lag(long bytes, Duration longest) {

    /** Of a source that delivers at once. */
    public static final Lag NONE = new Lag(0, Duration.ZERO);

    /** Of the logs of both. */
    public Lag and(Lag other) {
        return new Lag(
                bytes + other.bytes,
                longest.compareTo(other.longest) > 0 ? longest : other.longest);
    }
}
