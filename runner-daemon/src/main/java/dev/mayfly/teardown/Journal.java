package dev.mayfly.teardown;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import java.util.List;

/**
 * What must not be forgotten over a crash: each resource is written here before it is created.
 * Holds names only, never a secret. Every method is durable when it returns. Safe for use by many
 * threads.
 */
public interface Journal {

    /** Before anything of the job is created. */
    void begin(JobId job, LifeId life);

    /** Before this resource is created. */
    void intend(JobId job, OwnedResource resource);

    /** What was ever intended for the job. */
    List<OwnedResource> intended(JobId job);

    /** The receipt; the job leaves {@link #open()} when it is clean. */
    void close(Receipt receipt);

    /** Jobs that were begun and have no clean receipt yet. */
    List<OpenJob> open();

    /**
     * A job of which something may be left.
     *
     * @param job the job
     * @param life the life that began it
     */
    record OpenJob(JobId job, LifeId life) {}
}
