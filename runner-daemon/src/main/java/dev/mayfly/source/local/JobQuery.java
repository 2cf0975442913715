package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs to list, newest first.
 *
 * @param state only those in this state
 * @param limit how many at most, 1 to 500
 * @param after the last job of the page before, or null for the first page
 */
public record JobQuery(State state, int limit, @Nullable JobId after) {

    /** The most jobs on one page. */
    public static final int MOST = 500;

    public JobQuery {
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException("limit is " + limit + ", must be 1 to " + MOST);
        }
    }

    /** What a user asks for. */
    public enum State {
        /** Every job that is still remembered. */
        ANY,
        /** Waiting for a slot. */
        QUEUED,
        /** Taken, without an outcome. */
        RUNNING,
        /** With an outcome. */
        ENDED
    }
}
