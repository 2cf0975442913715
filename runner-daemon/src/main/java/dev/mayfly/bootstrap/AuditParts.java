package dev.mayfly.bootstrap;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.DecisionLog;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.audit.AuditEvent;
import dev.mayfly.audit.AuditTrail;
import dev.mayfly.audit.ChainedTrail;
import dev.mayfly.audit.TrailSettings;
import dev.mayfly.config.AuditSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.decision.KeptDecisions;
import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.function.Supplier;

/** The record of what happened, as the configuration wants it. */
public final class AuditParts {

    /** Some thousand lines are some megabytes: what is not signed yet is little. */
    private static final int CHECKPOINT_EVERY = 1000;

    private AuditParts() {}

    /** Where it is. */
    public static TrailSettings of(MayflySettings settings) {
        AuditSettings audit = settings.audit();
        return new TrailSettings(
                audit.directory(),
                audit.key(),
                audit.fileBytes(),
                audit.keep(),
                audit.mostBytes(),
                CHECKPOINT_EVERY);
    }

    /**
     * Opens it for writing.
     *
     * @throws StateException when it cannot be used
     */
    static ChainedTrail open(
            MayflySettings settings, LifeId life, Supplier<String> policy, InstantSource clock) {
        try {
            return ChainedTrail.open(of(settings), life, policy, clock);
        } catch (IOException e) {
            throw new StateException("the audit trail cannot be used: " + e.getMessage(), e);
        }
    }

    /** Decisions, remembered as well. */
    static DecisionLog remembered(DecisionLog kept, AuditTrail trail) {
        return (JobId job, Facts facts, Decision decision, Verdict end) -> {
            kept.decided(job, facts, decision, end);
            trail.record(
                    new AuditEvent.JobDecided(
                            job,
                            KeptDecisions.word(decision.verdict(), end),
                            decision.findings().stream()
                                    .filter(Finding::applies)
                                    .map(one -> one.rule() + (one.enforced() ? "" : " (reported)"))
                                    .toList()));
        };
    }
}
