package dev.mayfly.violation.policy;

/** Calls something verified that nobody has checked. */
public final class PolicyThatMakesClaims {

    private PolicyThatMakesClaims() {}

    static Object claims() {
        return new dev.mayfly.job.VerifiedClaims(java.util.Map.of("environment", "production"));
    }
}
