package dev.mayfly.admission;

import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.Hiding;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.PoolName;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The one way into a pool: first who the job is, then what the rules say of it, then whether
 * somebody has approved what they hold. Whatever comes out is written down before the job gets
 * anything.
 *
 * @param identity checks tokens
 * @param policy decides
 * @param approvals what people have approved
 * @param hiding hides the job's masked values in what is kept: they may stand in an image's name
 * @param record takes each decision
 */
public record Gate(
        IdentityCheck identity,
        AdmissionPolicy policy,
        Approvals approvals,
        Hiding hiding,
        DecisionLog record) {

    /**
     * What came out.
     *
     * @param verdict {@link Verdict.Admitted} or {@link Verdict.Refused}, never held: a job that
     *     waits for an approval is refused, and admitted when it comes again
     * @param facts what is known of the job, with the claims of its token
     */
    public record Answer(Verdict verdict, Facts facts) {}

    /**
     * Lets a job in, or not.
     *
     * @param handed the values that came with the job
     */
    public Answer admit(JobId job, JobSpec spec, Facts facts, List<HandedValue> handed)
            throws InterruptedException {
        UnaryOperator<String> hidden = hiding.of(handed);
        return switch (identity.check(facts.trusted(), handed)) {
            case IdentityCheck.Result.Verified(var claims) -> {
                Facts verified = facts.with(claims);
                yield new Answer(decided(job, spec, verified, hidden), verified);
            }
            case IdentityCheck.Result.Refused(String reason) -> {
                Decision refusal = Decision.of(new Verdict.Refused(reason));
                keep(job, facts, refusal, refusal.verdict(), hidden);
                yield new Answer(refusal.verdict(), facts);
            }
        };
    }

    private void keep(
            JobId job, Facts facts, Decision decision, Verdict end, UnaryOperator<String> hidden) {
        record.decided(job, facts.hiding(hidden), decision.hiding(hidden), end.hiding(hidden));
    }

    private Verdict decided(JobId job, JobSpec spec, Facts facts, UnaryOperator<String> hidden) {
        Decision decision = policy.review(spec, facts);
        Verdict end =
                decision.verdict() instanceof Verdict.Held(PoolName pool, String reason)
                        ? approved(job, spec, facts, decision, pool, reason, hidden)
                        : decision.verdict();
        keep(job, facts, decision, end, hidden);
        return end;
    }

    private Verdict approved(
            JobId job,
            JobSpec spec,
            Facts facts,
            Decision decision,
            PoolName pool,
            String reason,
            UnaryOperator<String> hidden) {
        Approvals.Answer answer =
                approvals.present(
                        new Approvals.Wish(
                                job,
                                Fingerprint.of(pool, spec, facts),
                                decision.policy(),
                                hidden.apply(reason),
                                hidden.apply(subject(spec, facts))));
        return switch (answer) {
            case Approvals.Answer.Approved(var _, var _, var _) -> new Verdict.Admitted(pool);
            case Approvals.Answer.Waiting(JobId wish, var validFor) ->
                    new Verdict.Refused(
                            "it is held for approval: "
                                    + reason
                                    + "; to let it run: mayfly approve "
                                    + wish
                                    + " on this host within "
                                    + validFor.toHours()
                                    + " h, then run the job again");
            case Approvals.Answer.Full(int waiting) ->
                    new Verdict.Refused(
                            "it is held for approval ("
                                    + reason
                                    + "), and "
                                    + waiting
                                    + " jobs wait for one already; try again when some are"
                                    + " approved or forgotten");
        };
    }

    private static String subject(JobSpec spec, Facts facts) {
        var server = facts.trusted().server();
        String project =
                server.project().path().isEmpty() ? server.project().id() : server.project().path();
        return project.isEmpty()
                ? spec.name()
                : "%s of %s at %s (%s)"
                        .formatted(
                                spec.name(),
                                project,
                                server.ref().name(),
                                server.ref()
                                        .commit()
                                        .substring(
                                                0, Math.min(12, server.ref().commit().length())));
    }
}
