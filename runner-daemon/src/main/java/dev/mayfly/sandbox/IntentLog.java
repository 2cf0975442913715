package dev.mayfly.sandbox;

import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import java.util.List;

/**
 * Remembers over a crash what is about to be created, so that it can be destroyed without asking
 * anybody who knew. Safe for use by many threads.
 */
public interface IntentLog {

    /** Before this resource is created. Durable when it returns. */
    void intend(JobId job, OwnedResource resource);

    /** What was ever intended for the job, in any life; empty for an unknown job. */
    List<OwnedResource> intended(JobId job);
}
