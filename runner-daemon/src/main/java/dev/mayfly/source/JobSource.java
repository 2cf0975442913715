package dev.mayfly.source;

import dev.mayfly.job.PoolName;
import java.time.Duration;
import java.util.Optional;

/**
 * A CI server, or something that stands for one: jobs are pulled from it, one at a time, by whoever
 * already holds a free slot. Safe for use by many threads.
 */
public interface JobSource {

    /** What the configuration calls it; also a metric label. */
    String name();

    /**
     * Takes one job that asks for the given pool, and makes that durable before it returns, so that
     * the job is never handed out twice, not even over a crash.
     *
     * @param pool the pool with a free slot
     * @param wait how long to wait for a job at most
     * @return the job, or empty when there was none; that is not an error
     */
    Optional<Claim> claim(PoolName pool, Duration wait) throws InterruptedException;

    /**
     * Is told by whoever claims that it will not for now. A source whose question is still open at
     * a server ends it, so that no job is handed to a runner that does not look.
     */
    default void rest() throws InterruptedException {}

    /** The way back to the source for a job that was claimed from it. */
    JobReport report(Claim claim);

    /** Why it gives no jobs although it may have some, or the empty string. Answers at once. */
    default String unhealthyBecause() {
        return "";
    }

    /** What waits for a pool; empty where only the server knows. Answers at once. */
    default Optional<Backlog> backlog(PoolName pool) {
        return Optional.empty();
    }

    /** How far the delivery of logs is behind. Answers at once. */
    default Lag lag() {
        return Lag.NONE;
    }
}
