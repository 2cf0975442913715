package dev.mayfly.sandbox.docker;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.PoolName;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is written on everything Mayfly makes, so that it can be found without any memory.
 *
 * @param daemon the daemon that made it
 * @param life the life of that daemon
 * @param job the job it was made for
 * @param pool the pool of that job
 */
record Labels(String daemon, LifeId life, JobId job, PoolName pool) {

    static final String DAEMON = "dev.mayfly.daemon";
    static final String LIFE = "dev.mayfly.life";
    static final String JOB = "dev.mayfly.job";
    static final String POOL = "dev.mayfly.pool";
    static final String ROLE = "dev.mayfly.role";

    /** All labels of one thing. */
    Map<String, String> of(Role role) {
        return Map.of(
                DAEMON, daemon,
                LIFE, life.value(),
                JOB, job.value(),
                POOL, pool.value(),
                ROLE, role.label());
    }

    /** Selects everything of one job of one daemon. */
    static Map<String, String> ofJob(String daemon, JobId job) {
        return Map.of(DAEMON, daemon, JOB, job.value());
    }

    /** Whether these labels are those of a thing of that job of that daemon. */
    static boolean areOf(@Nullable Map<String, String> labels, String daemon, JobId job) {
        return labels != null
                && daemon.equals(labels.get(DAEMON))
                && job.value().equals(labels.get(JOB));
    }

    /** The job named on a thing, unless the name is none that Mayfly would write. */
    static Optional<JobId> job(@Nullable Map<String, String> labels) {
        String value = labels == null ? null : labels.get(JOB);
        try {
            return value == null ? Optional.empty() : Optional.of(new JobId(value));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
