package dev.mayfly.egress;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;

/** Where connections of jobs are written down. Safe for use by many threads; must not block. */
@FunctionalInterface
public interface EgressRecords {

    /** Nobody wants to know. */
    EgressRecords NONE = (_, _, _) -> {};

    /** Takes a connection that is over, or was refused. */
    void record(JobId job, PoolName pool, Connection connection);
}
