package dev.mayfly.decision;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.DecisionLog;
import dev.mayfly.admission.Effect;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;
import dev.mayfly.state.StateException;
import dev.mayfly.state.StateStore;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decisions, as lines of the daemon's log and as texts that say how each came about. Never holds a
 * variable of a job.
 */
public final class KeptDecisions implements DecisionLog {

    private static final Logger LOG = LoggerFactory.getLogger("mayfly.audit");

    /** The oldest go. */
    static final int MOST_KEPT = 10_000;

    private final StateStore store;
    private final InstantSource clock;
    private final Listener listener;

    /** Hears of each decision, to count it. */
    public interface Listener {

        /** Counts nothing. */
        Listener NONE = (_, _, _) -> {};

        /**
         * A rule was about a job.
         *
         * @param rule its name
         * @param effect what it does
         * @param enforced whether that counted
         */
        void applied(String rule, Effect effect, boolean enforced);
    }

    public KeptDecisions(StateStore store, InstantSource clock, Listener listener) {
        this.store = store;
        this.clock = clock;
        this.listener = listener;
    }

    @Override
    public void decided(JobId job, Facts facts, Decision decision, Verdict end) {
        String verdict = word(decision.verdict(), end);
        LOG.info(
                "admission job={} source={} verdict={} policy={} rules=\"{}\"",
                job,
                facts.source(),
                verdict,
                decision.policy(),
                applied(decision));
        decision.findings().stream()
                .filter(Finding::applies)
                .forEach(one -> listener.applied(one.rule(), one.effect(), one.enforced()));
        String text = Explanation.of(job, facts, decision, end);
        try {
            store.write(in -> {
                in.update(
                        "INSERT INTO decision (job, decided_at, policy, verdict, text)"
                                + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (job) DO UPDATE SET"
                                + " decided_at = excluded.decided_at, policy = excluded.policy,"
                                + " verdict = excluded.verdict, text = excluded.text",
                        job.value(),
                        clock.millis(),
                        decision.policy(),
                        verdict,
                        text);
                return in.update(
                        "DELETE FROM decision WHERE seq <="
                                + " (SELECT max(seq) FROM decision) - ?",
                        MOST_KEPT);
            });
        } catch (StateException e) {
            LOG.error("a decision was not kept job={}", job, e);
        }
    }

    /** How the decision on a job came about, in lines for people; empty when it is not known. */
    public Optional<String> explanation(JobId job) {
        return store.read(in ->
                in.first(
                        "SELECT text FROM decision WHERE job = ?",
                        row -> row.getString(1),
                        job.value()));
    }

    /** Digest of the policy that decided on a job; empty when it is not known. */
    public Optional<String> policy(JobId job) {
        return store.read(in ->
                in.first(
                        "SELECT policy FROM decision WHERE job = ?",
                        row -> row.getString(1),
                        job.value()));
    }

    private static String applied(Decision decision) {
        return decision.findings().stream()
                .filter(Finding::applies)
                .map(one -> one.rule() + (one.enforced() ? "" : " (reported)"))
                .reduce((a, b) -> a + ", " + b)
                .orElse("");
    }

    /** What became of a job, in one word. */
    public static String word(Verdict decided, Verdict end) {
        return switch (end) {
            case Verdict.Admitted(var _) ->
                    decided instanceof Verdict.Held ? "approved" : "admitted";
            case Verdict.Held(var _, var _) -> "held";
            case Verdict.Refused(var _) -> decided instanceof Verdict.Held ? "held" : "denied";
        };
    }
}
