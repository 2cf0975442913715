package dev.mayfly.admission;

import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.VerifiedClaims;
import java.util.List;

/** Finds out whether a job's identity token is what it seems to be. May ask the token's issuer. */
@FunctionalInterface
public interface IdentityCheck {

    /** Of sources that issue no tokens. */
    IdentityCheck NONE = (_, _) -> new Result.Verified(VerifiedClaims.NONE);

    /**
     * Checks the token of a job, if its source issues any.
     *
     * @param facts what is known without it
     * @param handed the values that came with the job; the token may be one of them
     */
    Result check(Facts.Trusted facts, List<HandedValue> handed) throws InterruptedException;

    /** What came out. */
    sealed interface Result {

        /** Nothing is wrong. Without a token, there are no claims. */
        record Verified(VerifiedClaims claims) implements Result {}

        /**
         * The job may not run.
         *
         * @param reason what is wrong with its token and what to change; never the token
         */
        record Refused(String reason) implements Result {}
    }
}
