package dev.mayfly.admission;

import dev.mayfly.job.AllowedImages;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import java.time.Duration;

/**
 * The most that a job may ask for in one pool.
 *
 * @param pool the pool
 * @param network the farthest a job may reach
 * @param timeout the longest a script may run
 * @param memoryBytes memory of each container
 * @param cpus processors of each container
 * @param pids processes and threads of each container
 * @param diskBytes what all its containers together may hold on the engine's disk
 * @param allowed which images it may name
 * @param images what else is demanded of them
 */
public record PoolCeiling(
        PoolName pool,
        NetworkAccess network,
        Duration timeout,
        long memoryBytes,
        double cpus,
        int pids,
        long diskBytes,
        AllowedImages allowed,
        ImageRules images) {

    /** A pool that asks nothing of images but their names. */
    public PoolCeiling(
            PoolName pool,
            NetworkAccess network,
            Duration timeout,
            long memoryBytes,
            double cpus,
            int pids,
            long diskBytes,
            AllowedImages allowed) {
        this(pool, network, timeout, memoryBytes, cpus, pids, diskBytes, allowed, ImageRules.NONE);
    }
}
