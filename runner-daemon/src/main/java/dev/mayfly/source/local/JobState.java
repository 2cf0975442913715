package dev.mayfly.source.local;

import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import org.jspecify.annotations.Nullable;

/**
 * How far a job has come.
 *
 * @param phase where it is
 * @param times when it got there
 * @param cancelReason why somebody wanted it to end, or null
 * @param outcome how it ended, or null while it has not
 * @param receipt how its environment was destroyed, or null while that is not known
 */
public record JobState(
        JobPhase phase,
        JobTimes times,
        @Nullable String cancelReason,
        @Nullable Outcome outcome,
        @Nullable Receipt receipt) {

    /** Whether its outcome is known; its environment may still be there. */
    public boolean ended() {
        return outcome != null;
    }
}
