package dev.mayfly.config;

import dev.mayfly.execution.PoolTerms;

/**
 * One pool.
 *
 * @param terms what its jobs get
 * @param slots how many of them run at the same time, at least 1
 */
public record PoolSettings(PoolTerms terms, int slots) {}
