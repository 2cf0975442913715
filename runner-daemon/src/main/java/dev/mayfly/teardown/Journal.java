package dev.mayfly.teardown;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.IntentLog;
import java.util.List;

/**
 * What must not be forgotten over a crash: each resource is written here before it is created.
 * Holds names only, never a secret. Every method is durable when it returns. Safe for use by many
 * threads.
 */
public interface Journal extends IntentLog {

    /** Before anything of the job is created. */
    void begin(JobId job, LifeId life);

    /** What the job's environment is made of; the same again changes nothing. */
    void used(JobId job, UsedImage image);

    /** What the job's environment is made of, in the order of use; empty for an unknown job. */
    List<UsedImage> images(JobId job);

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
