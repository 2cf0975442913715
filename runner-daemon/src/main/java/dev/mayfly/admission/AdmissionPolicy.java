package dev.mayfly.admission;

import dev.mayfly.job.Facts;
import dev.mayfly.job.JobSpec;

/**
 * Decides whether a job may run and in which pool. Pure: no I/O, no clock, the same answer each
 * time.
 */
public interface AdmissionPolicy {

    /**
     * Reviews one job.
     *
     * @param spec what the author asked for
     * @param facts what is known of it, and who says so
     */
    Decision review(JobSpec spec, Facts facts);
}
