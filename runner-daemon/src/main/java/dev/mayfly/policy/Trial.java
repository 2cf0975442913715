package dev.mayfly.policy;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.Effect;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A test that a policy brings along: a job, and what becomes of it.
 *
 * @param name a sentence
 * @param pool the pool that the job is to run in
 * @param facts what is known of it
 * @param expected what becomes of it; {@link Effect#ALLOW} for a job that runs
 * @param rules the names of rules that must apply, others may too
 */
public record Trial(String name, PoolName pool, Facts facts, Effect expected, List<String> rules) {

    public Trial {
        rules = List.copyOf(rules);
    }

    /** What is not as expected, or empty. Rules that are only reported count too. */
    public Optional<String> failure(Policy policy) {
        Decision decision = policy.reviewAsEnforced(pool, facts);
        Effect actual = effect(decision.verdict());
        List<String> applied =
                decision.findings().stream().filter(Finding::applies).map(Finding::rule).toList();
        List<String> missing = new ArrayList<>(rules);
        missing.removeAll(applied);
        if (actual != expected) {
            return Optional.of(
                    "expected "
                            + expected.word()
                            + ", got "
                            + actual.word()
                            + (applied.isEmpty()
                                    ? ": no rule applies"
                                    : ": these apply: " + String.join(", ", applied)));
        }
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "these do not apply: "
                                + String.join(", ", missing)
                                + (applied.isEmpty()
                                        ? ""
                                        : "; these do: " + String.join(", ", applied)));
    }

    private static Effect effect(Verdict verdict) {
        return switch (verdict) {
            case Verdict.Admitted(var _) -> Effect.ALLOW;
            case Verdict.Held(var _, var _) -> Effect.HOLD;
            case Verdict.Refused(var _) -> Effect.DENY;
        };
    }
}
