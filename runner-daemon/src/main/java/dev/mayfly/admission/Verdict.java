package dev.mayfly.admission;

import dev.mayfly.job.PoolName;

/** What admission says of a job. */
public sealed interface Verdict {

    /** The job may run, in this pool and no other. */
    record Admitted(PoolName pool) implements Verdict {}

    /**
     * The job may run in this pool when somebody has approved it.
     *
     * @param reason the rules that want it
     */
    record Held(PoolName pool, String reason) implements Verdict {}

    /**
     * The job may not run.
     *
     * @param reason the rule that refused it and what to change
     */
    record Refused(String reason) implements Verdict {}
}
