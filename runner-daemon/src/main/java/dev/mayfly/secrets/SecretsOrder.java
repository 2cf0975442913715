package dev.mayfly.secrets;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import java.time.Duration;
import java.util.List;

/**
 * Which secrets one job is to get.
 *
 * @param job the job they are for
 * @param pool the pool it was admitted to; a provider gives each level its own secrets only
 * @param wanted by reference, each name once
 * @param handed what came with the job; an identity token for the provider may be among it
 * @param lifetime how long the job may take, teardown included; nothing fetched outlives it
 */
public record SecretsOrder(
        JobId job,
        PoolName pool,
        List<SecretRequest> wanted,
        List<HandedValue> handed,
        Duration lifetime) {

    public SecretsOrder {
        wanted = List.copyOf(wanted);
        handed = List.copyOf(handed);
    }

    /** The same job with other wishes. */
    public SecretsOrder wanting(List<SecretRequest> others) {
        return new SecretsOrder(job, pool, others, handed, lifetime);
    }
}
