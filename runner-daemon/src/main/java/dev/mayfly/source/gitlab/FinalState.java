package dev.mayfly.source.gitlab;

import org.jspecify.annotations.Nullable;

/**
 * How a job ended, in GitLab's words.
 *
 * @param failure null for a success
 * @param exitCode of the script, 0 when there is none to tell
 */
public record FinalState(@Nullable FailureReason failure, int exitCode) {

    /** Every command succeeded. */
    public static final FinalState SUCCESS = new FinalState(null, 0);

    /** A failure without an exit code. */
    static FinalState failed(FailureReason reason) {
        return new FinalState(reason, 0);
    }

    String word() {
        return failure == null ? "success" : "failed";
    }
}
