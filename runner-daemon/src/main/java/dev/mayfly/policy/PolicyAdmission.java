package dev.mayfly.policy;

import dev.mayfly.admission.AdmissionPolicy;
import dev.mayfly.admission.Decision;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.PoolName;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Asks the policy of jobs whose pool is decided: a rule can refuse a job and never move it. */
public final class PolicyAdmission implements AdmissionPolicy {

    private final AdmissionPolicy pools;
    private final Supplier<Policy> current;

    /**
     * Puts both together.
     *
     * @param pools decides the pool
     * @param current the policy as it is now
     */
    public PolicyAdmission(AdmissionPolicy pools, Supplier<Policy> current) {
        this.pools = pools;
        this.current = current;
    }

    @Override
    public Decision review(JobSpec spec, Facts facts) {
        Decision first = pools.review(spec, facts);
        Policy policy = current.get();
        if (!(first.verdict() instanceof Verdict.Admitted(PoolName pool))) {
            return new Decision(first.verdict(), policy.digest(), first.findings());
        }
        Decision second = policy.review(pool, facts);
        List<Finding> findings = new ArrayList<>(first.findings());
        findings.addAll(second.findings());
        return new Decision(second.verdict(), second.policy(), findings);
    }
}
