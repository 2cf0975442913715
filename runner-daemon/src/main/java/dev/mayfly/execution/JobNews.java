package dev.mayfly.execution;

import dev.mayfly.audit.AuditEvent;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the source is told of one job, and beside it the metrics and the audit trail. A source that
 * cannot take the news keeps nobody from the rest. For use by the job's thread.
 */
final class JobNews {

    private static final Logger LOG = LoggerFactory.getLogger(JobNews.class);

    private final Stages stages;
    private final Claim claim;
    private final JobReport report;
    private final PoolTerms terms;
    private JobPhase phase = JobPhase.CLAIMED;
    private long phaseStart = System.nanoTime();

    /** The outcome as long as the source has not taken it. */
    private @Nullable Outcome untold;

    JobNews(Stages stages, Claim claim, JobReport report, PoolTerms terms) {
        this.stages = stages;
        this.claim = claim;
        this.report = report;
        this.terms = terms;
    }

    /** Enters a phase and counts how long the one before took. */
    void enter(JobPhase next) {
        stages.metrics().phase(terms.pool(), phase, since(phaseStart));
        phase = next;
        phaseStart = System.nanoTime();
        told("phase", () -> report.phase(next));
        LOG.info("job phase={} job={} pool={}", next, claim.job(), terms.pool());
    }

    /** Whether no script has begun yet. */
    boolean preparing() {
        return phase == JobPhase.CLAIMED || phase == JobPhase.PREPARING;
    }

    /** The outcome is decided. */
    void ended(Outcome outcome) {
        untold = outcome;
        tellOutcome();
        stages.metrics().jobFinished(terms.pool(), claim.source(), outcome);
        stages.audit()
                .record(
                        new AuditEvent.JobEnded(
                                claim.job(),
                                terms.pool().value(),
                                outcome.word(),
                                outcome.sentence()));
    }

    /** The environment was destroyed, or that was tried. */
    void destroyed(Receipt receipt) {
        stages.audit().record(AuditEvent.JobDestroyed.of(receipt));
        if (tellOutcome()) {
            // A job without an end must not look released: the next start gives it one.
            told("receipt", () -> report.released(receipt));
            enter(receipt.clean() ? JobPhase.FINISHED : JobPhase.QUARANTINED);
        }
    }

    /** Whether the source knows the outcome now. */
    private boolean tellOutcome() {
        Outcome outcome = untold;
        if (outcome != null && told("outcome", () -> report.finished(outcome))) {
            untold = null;
        }
        return untold == null;
    }

    private boolean told(String what, Runnable news) {
        try {
            news.run();
            return true;
        } catch (RuntimeException e) {
            LOG.error("the source was not told the {} job={}", what, claim.job(), e);
            return false;
        }
    }

    private static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }
}
