package dev.mayfly.source.gitlab;

import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a job is told of its runner, and what the runner gives each of its jobs.
 *
 * @param pool that the registration feeds
 * @param protectedRefs whether jobs of other refs have no business in the pool
 * @param network as far as the pool's jobs may reach
 * @param info the runner as the server knows it
 * @param shortToken what tells the runner from others
 * @param authorities certificates in PEM that the server's is signed by, or null for the usual
 * @param variables of the runner's own, which those of the job take the place of
 */
record RunnerFacts(
        PoolName pool,
        boolean protectedRefs,
        NetworkAccess network,
        RunnerInfo info,
        String shortToken,
        @Nullable String authorities,
        Map<String, String> variables) {}
