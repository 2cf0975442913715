package dev.mayfly.policy;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.Effect;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * All rules of a host: those that its pools switch on, and those of its policy files. All of them
 * are asked. One that denies wins over all; else one that allows lifts all that hold.
 *
 * @param pools the built-in rules of each pool
 * @param rules of the files, in their order
 * @param digest names exactly this policy
 */
public record Policy(Map<PoolName, PoolRules> pools, List<Rule> rules, String digest) {

    public Policy {
        pools = Map.copyOf(pools);
        rules = List.copyOf(rules);
    }

    /**
     * Reviews a job.
     *
     * @param pool the pool that it is to run in; no rule changes that
     */
    public Decision review(PoolName pool, Facts facts) {
        List<Finding> findings = findings(pool, facts);
        return new Decision(verdict(pool, findings), digest, findings);
    }

    /** The same, if all rules counted, those too that are only reported. */
    Decision reviewAsEnforced(PoolName pool, Facts facts) {
        List<Finding> findings = findings(pool, facts).stream().map(Finding::enforcing).toList();
        return new Decision(verdict(pool, findings), digest, findings);
    }

    private List<Finding> findings(PoolName pool, Facts facts) {
        List<Finding> findings = new ArrayList<>();
        findings.addAll(pools.getOrDefault(pool, PoolRules.NONE).review(facts));
        rules.stream()
                .filter(rule -> rule.isFor(pool))
                .forEach(rule -> findings.add(rule.review(pool, facts)));
        return findings;
    }

    private static Verdict verdict(PoolName pool, List<Finding> findings) {
        String denied = becauseOf(Effect.DENY, findings);
        if (!denied.isEmpty()) {
            return new Verdict.Refused(denied);
        }
        String held = becauseOf(Effect.HOLD, findings);
        return held.isEmpty() || findings.stream().anyMatch(Policy::lifts)
                ? new Verdict.Admitted(pool)
                : new Verdict.Held(pool, held);
    }

    private static boolean lifts(Finding finding) {
        return finding.counts() && finding.effect() == Effect.ALLOW;
    }

    private static String becauseOf(Effect effect, List<Finding> findings) {
        return findings.stream()
                .filter(finding -> finding.counts() && finding.effect() == effect)
                .map(finding -> finding.because() + " [rule " + finding.rule() + "]")
                .collect(Collectors.joining("; "));
    }
}
