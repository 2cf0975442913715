package dev.mayfly.artifacts;

import dev.mayfly.job.PoolName;

/**
 * Whose caches they are. Nothing of it is for a job's author to set, and nobody sees the caches of
 * another scope, whatever key is asked for.
 *
 * @param pool the level of trust
 * @param source where the jobs come from
 * @param project in the source's words
 */
public record CacheScope(PoolName pool, String source, String project) {}
