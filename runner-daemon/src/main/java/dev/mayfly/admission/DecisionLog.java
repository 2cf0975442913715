package dev.mayfly.admission;

import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;

/** Takes what was decided of each job, for those who ask later. Must not throw. */
@FunctionalInterface
public interface DecisionLog {

    /** Keeps nothing. */
    DecisionLog NONE = (_, _, _, _) -> {};

    /**
     * A job was decided.
     *
     * @param facts with the claims of its token, if that was good
     * @param decision what the rules said
     * @param end what became of it, approvals included
     */
    void decided(JobId job, Facts facts, Decision decision, Verdict end);
}
