package dev.mayfly.job;

import java.time.Instant;

/**
 * Takes a job's masked log, in order, from one thread at a time. Blocks while it cannot take more;
 * that is the back-pressure that slows the job down. A call that is interrupted has taken nothing,
 * and is repeated.
 *
 * <p>Everything has a number (see {@link LogPosition}), and a sink that stores or sends holds what
 * it gets to its order (see {@link LogOrder}).
 */
public interface LogSink {

    /** Output comes in pieces of at most so many bytes. */
    int LARGEST_PIECE = 64 * 1024;

    /**
     * Takes what the job printed, masked.
     *
     * @param start bytes of output before this piece
     * @param at when it was printed, at the latest
     * @param bytes valid during the call only, and not to be changed
     * @param length 1 to {@link #LARGEST_PIECE}
     */
    void output(long start, Instant at, byte[] bytes, int offset, int length)
            throws InterruptedException;

    /**
     * Takes what Mayfly says.
     *
     * @param at its number, and its place in the output
     */
    void event(LogPosition at, LogEvent event) throws InterruptedException;

    /**
     * Ends the log. Everything is delivered when this returns; nothing comes afterwards.
     *
     * @param total of all that came
     */
    void finish(LogPosition total) throws InterruptedException;

    /**
     * Whether it may keep its caller waiting for somebody else, as a server does. Such a sink is
     * called by a thread of its own, behind a spool.
     */
    default boolean slow() {
        return false;
    }
}
