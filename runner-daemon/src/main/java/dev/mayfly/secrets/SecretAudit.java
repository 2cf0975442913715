package dev.mayfly.secrets;

import dev.mayfly.job.JobId;
import java.util.Locale;

/** Who learns of each use of a secret. Must not block for long and must not throw. */
@FunctionalInterface
public interface SecretAudit {

    void record(Event event);

    /** What was done. */
    enum Action {
        /** A job's own identity was obtained. */
        LOGIN,
        READ,
        RENEW,
        REVOKE,
        /** Somebody was told no, by Mayfly itself or by the provider. */
        REFUSE
    }

    /**
     * One use of a secret; never a value.
     *
     * @param job who it was for
     * @param action what was done
     * @param subject the path with its version, or the lease's name
     * @param outcome {@code ok}, or what went wrong
     * @param request what the provider calls the request in its own audit log, or empty
     */
    record Event(JobId job, Action action, String subject, String outcome, String request) {

        /** The outcome of what went well. */
        public static final String OK = "ok";

        /** The action in the words of metrics and logs. */
        public String word() {
            return action.name().toLowerCase(Locale.ROOT);
        }
    }
}
