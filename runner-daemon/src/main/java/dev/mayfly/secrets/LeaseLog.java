package dev.mayfly.secrets;

import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;

/** Where a lease is written before its value is used, so that it is not forgotten over a crash. */
@FunctionalInterface
public interface LeaseLog {

    /**
     * Notes a lease. Durable when it returns.
     *
     * @param lease of kind LEASE; names it to its provider, and tells nobody a secret
     */
    void intend(JobId job, OwnedResource lease);
}
