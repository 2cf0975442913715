package dev.mayfly.secrets;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import java.time.Duration;
import java.util.List;

/** Turns references into values that are good for one job only. Safe for use by many threads. */
public interface SecretsProvider {

    /**
     * Fetches all of them or none.
     *
     * @param job the job they are for
     * @param pool the pool it was admitted to; a provider gives each level its own secrets only
     * @param wanted what the job asks for; not empty
     * @param lifetime how long the job may take, teardown included; nothing fetched outlives it
     * @throws dev.mayfly.job.FaultException with {@code SECRET}, naming the reference and the cure,
     *     never a value
     */
    SecretLease fetch(JobId job, PoolName pool, List<SecretRequest> wanted, Duration lifetime)
            throws InterruptedException;

    /** Why jobs that need secrets cannot be served now, or the empty string when they can. */
    String unhealthyBecause();
}
