package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;

/**
 * A job as the queue knows it.
 *
 * @param id its id
 * @param source name of the source it was submitted to
 * @param name what its author calls it
 * @param pool the pool it asks for, or its source's default
 * @param state how far it has come
 */
public record LocalJob(JobId id, String source, String name, PoolName pool, JobState state) {}
