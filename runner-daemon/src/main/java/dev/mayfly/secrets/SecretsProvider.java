package dev.mayfly.secrets;

import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import java.util.List;

/** Turns references into values that are good for one job only. Safe for use by many threads. */
public interface SecretsProvider {

    /**
     * Fetches all of them or none.
     *
     * @throws dev.mayfly.job.FaultException with {@code SECRET} when a secret is not to be had by
     *     this job, with {@code SECRETS_PROVIDER} when none is to be had now; naming the reference
     *     and the cure, never a value. Leases that exist by then are in the journal
     */
    SecretLease fetch(SecretsOrder order) throws InterruptedException;

    /**
     * What a job gets without asking for it, because its pool's configuration says so.
     *
     * @param known what no author of a job can choose
     * @param handed what came with the job
     */
    default List<SecretRequest> bound(
            PoolName pool, Facts.Trusted known, List<HandedValue> handed) {
        return List.of();
    }

    /**
     * Why jobs of this pool that need secrets cannot be served now, or the empty string when they
     * can.
     */
    String unhealthyBecause(PoolName pool);
}
