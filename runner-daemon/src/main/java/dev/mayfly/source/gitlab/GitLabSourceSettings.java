package dev.mayfly.source.gitlab;

import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * One registration as the operator wants it used.
 *
 * @param registration its name; also the source's
 * @param pool the one pool that it feeds
 * @param protectedRefs whether its jobs must be of protected refs
 * @param limits of what its jobs get and leave
 * @param rotate whether the daemon exchanges the runner's token before it ends. Not where several
 *     daemons share one: the first to exchange it would lock the others out
 * @param pacing how often the server is asked and told
 */
public record GitLabSourceSettings(
        String registration,
        PoolName pool,
        boolean protectedRefs,
        Limits limits,
        boolean rotate,
        Pacing pacing) {

    /**
     * Of what the jobs get and leave.
     *
     * @param network how far they may reach
     * @param logBytes how much of their output is delivered
     * @param spools a directory for logs on their way, private and existing
     * @param variables that each of them gets
     */
    public record Limits(
            NetworkAccess network, long logBytes, Path spools, Map<String, String> variables) {

        public Limits {
            variables = Map.copyOf(variables);
        }
    }

    /**
     * How often the server is asked and told.
     *
     * @param poll for jobs
     * @param trace of running jobs
     * @param teardown how long a job's end waits for what became of its environment
     */
    public record Pacing(PollPacing poll, TracePacing trace, Duration teardown) {

        /** What suits every server. */
        public static final Pacing DEFAULT =
                new Pacing(PollPacing.DEFAULT, TracePacing.DEFAULT, Duration.ofSeconds(15));
    }
}
