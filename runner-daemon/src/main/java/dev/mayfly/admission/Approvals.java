package dev.mayfly.admission;

import dev.mayfly.job.JobId;
import java.time.Duration;
import java.time.Instant;

/** Approvals of people, for jobs that a rule holds. What it answers is on the disk. */
public interface Approvals {

    /** Nobody approves anything. */
    Approvals NONE = _ -> new Answer.Full(0);

    /**
     * Uses up the approval of exactly this, if there is one. Else notes that one is wished.
     *
     * @return what to do with the job
     */
    Answer present(Wish wish);

    /**
     * A job that needs an approval.
     *
     * @param job its id
     * @param fingerprint of all that is approved with it: see {@link Fingerprint}
     * @param policy digest of the policy that holds it; another policy may hold it for another
     *     reason, so the approval is good for this one only
     * @param reason why it is held
     * @param subject what is approved, in words for people
     */
    record Wish(JobId job, String fingerprint, String policy, String reason, String subject) {}

    /** What became of a wish. */
    sealed interface Answer {

        /**
         * It is approved. The approval is used up.
         *
         * @param wish the job that was approved
         */
        record Approved(JobId wish, String by, Instant at) implements Answer {}

        /**
         * It waits for somebody.
         *
         * @param wish the job to approve: this one, or an earlier one of the same fingerprint
         * @param validFor how long the wish stays
         */
        record Waiting(JobId wish, Duration validFor) implements Answer {}

        /** So many wait already that no other is taken. */
        record Full(int waiting) implements Answer {}
    }
}
