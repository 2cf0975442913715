package dev.mayfly.config;

import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.AllowedImages;
import dev.mayfly.policy.PoolRules;

/**
 * One pool.
 *
 * @param terms what its jobs get
 * @param slots how many of them run at the same time, at least 1
 * @param rules that it switches on
 * @param protectedOnly whether of runners at GitLab servers only protected ones may feed it
 * @param allowed which images its jobs may name
 * @param engine what runs them
 */
public record PoolSettings(
        PoolTerms terms,
        int slots,
        PoolRules rules,
        boolean protectedOnly,
        AllowedImages allowed,
        EngineSettings engine) {}
