package dev.mayfly.admission;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What was decided of a job, and how it came about.
 *
 * @param verdict what becomes of it
 * @param policy digest of the policy that was asked, or empty where there is none
 * @param findings of all rules of its pool, those too that are not about it
 */
public record Decision(Verdict verdict, String policy, List<Finding> findings) {

    public Decision {
        findings = List.copyOf(findings);
    }

    /** The same for people and for keeping. */
    Decision hiding(UnaryOperator<String> hidden) {
        return new Decision(
                verdict.hiding(hidden),
                policy,
                findings.stream().map(finding -> finding.hiding(hidden)).toList());
    }

    /** Of rules that are no policy. */
    public static Decision of(Verdict verdict) {
        return new Decision(verdict, "", List.of());
    }
}
