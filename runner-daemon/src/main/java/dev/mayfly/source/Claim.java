package dev.mayfly.source;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;

/**
 * A job that this process has taken and nobody else will get.
 *
 * @param job its id
 * @param source name of the source it came from
 * @param spec what its author asked for
 * @param cancellation requested by the source when its user cancels
 */
public record Claim(JobId job, String source, JobSpec spec, Cancellation cancellation) {}
