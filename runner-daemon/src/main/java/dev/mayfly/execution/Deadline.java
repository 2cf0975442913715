package dev.mayfly.execution;

import dev.mayfly.job.Outcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a job must have run its last command, whatever it does before.
 *
 * @param limit of the whole job, or null for none
 * @param nanoTime in the time of {@link System#nanoTime()}; without meaning when there is none
 */
record Deadline(@Nullable Duration limit, long nanoTime) {

    /** Counts from now. */
    static Deadline in(@Nullable Duration limit) {
        return new Deadline(limit, limit == null ? 0 : System.nanoTime() + limit.toNanos());
    }

    boolean passed() {
        return limit != null && System.nanoTime() - nanoTime >= 0;
    }

    /** What is left of it, or what somebody else allows, whichever is less. */
    Duration atMost(Duration other) {
        if (limit == null) {
            return other;
        }
        Duration left = Duration.ofNanos(Math.max(1, nanoTime - System.nanoTime()));
        return left.compareTo(other) < 0 ? left : other;
    }

    /**
     * How a job ends that has passed it.
     *
     * @throws IllegalStateException when there is none
     */
    Outcome outcome() {
        if (limit == null) {
            throw new IllegalStateException("the job has no limit");
        }
        return new Outcome.TimedOut(limit);
    }
}
