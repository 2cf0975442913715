package dev.mayfly.secrets;

import dev.mayfly.job.Facts;
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
 * @param known what no author of a job can choose; claims only where they were verified
 * @param handed what came with the job; an identity token for the provider may be among it
 * @param lifetime how long the job may take, teardown included; nothing fetched outlives it
 */
public record SecretsOrder(
        JobId job,
        PoolName pool,
        List<SecretRequest> wanted,
        Facts.Trusted known,
        List<HandedValue> handed,
        Duration lifetime) {

    public SecretsOrder {
        wanted = List.copyOf(wanted);
        handed = List.copyOf(handed);
    }

    /** A job of which nothing is known. */
    public SecretsOrder(
            JobId job,
            PoolName pool,
            List<SecretRequest> wanted,
            List<HandedValue> handed,
            Duration lifetime) {
        this(job, pool, wanted, Facts.Trusted.NOTHING, handed, lifetime);
    }

    /** The same job with other wishes. */
    public SecretsOrder wanting(List<SecretRequest> others) {
        return new SecretsOrder(job, pool, others, known, handed, lifetime);
    }
}
