package dev.mayfly.bootstrap;

import dev.mayfly.admission.Effect;
import dev.mayfly.decision.KeptDecisions;
import dev.mayfly.metrics.JobMetrics;

/** Decisions on jobs, counted. */
final class CountedDecisions implements KeptDecisions.Listener {

    private final JobMetrics metrics;

    CountedDecisions(JobMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void decided(String source, String verdict) {
        metrics.decided(source, verdict);
    }

    @Override
    public void applied(String rule, Effect effect, boolean enforced) {
        metrics.ruleApplied(rule, effect.word(), enforced);
    }
}
