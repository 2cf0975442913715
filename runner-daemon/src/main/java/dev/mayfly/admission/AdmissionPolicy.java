package dev.mayfly.admission;

import dev.mayfly.job.JobSpec;

/**
 * Decides whether a job may run and in which pool. Pure: no I/O, no clock, the same answer each
 * time.
 */
public interface AdmissionPolicy {

    /**
     * Reviews one job.
     *
     * @param source name of the source the job arrived on; the author cannot choose it
     * @param spec what the author asked for
     */
    Verdict review(String source, JobSpec spec);
}
