package dev.mayfly.source.gitlab;

import dev.mayfly.job.Fault;
import dev.mayfly.job.Outcome;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Why a job failed: {@code retry:when} of a pipeline looks at it. */
public enum FailureReason {
    /** Always known. */
    SCRIPT_FAILURE(null),
    /** Always known. */
    RUNNER_SYSTEM_FAILURE(null),
    /** Always known. */
    JOB_EXECUTION_TIMEOUT(null),
    /** Always known. */
    UNKNOWN_FAILURE(null),
    RUNNER_CONFIGURATION_ERROR(SCRIPT_FAILURE),
    RUNNER_EXTERNAL_DEPENDENCY_FAILURE(RUNNER_SYSTEM_FAILURE),
    RUNNER_INTERRUPTED(UNKNOWN_FAILURE),
    JOB_CANCELED(UNKNOWN_FAILURE);

    private final @Nullable FailureReason otherwise;

    FailureReason(@Nullable FailureReason otherwise) {
        this.otherwise = otherwise;
    }

    /** What GitLab calls it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * This reason, or the nearest one that a server knows.
     *
     * @param known the names it lists; empty for an old one
     */
    FailureReason knownTo(Set<String> known) {
        return otherwise == null || known.contains(word()) ? this : otherwise.knownTo(known);
    }

    /**
     * How an outcome is told.
     *
     * @param outcome of the job
     * @param byServer whether its cancellation was the server's wish
     * @param known the reasons that the server lists
     */
    static FinalState of(Outcome outcome, boolean byServer, Set<String> known) {
        FinalState state =
                switch (outcome) {
                    case Outcome.Passed() -> FinalState.SUCCESS;
                    case Outcome.Failed(int code) -> new FinalState(SCRIPT_FAILURE, code);
                    // What a shell says of a process that was killed for its memory.
                    case Outcome.OutOfMemory(long _) -> new FinalState(SCRIPT_FAILURE, 137);
                    // It would fail again, as with memory.
                    case Outcome.OutOfDisk(String _) -> FinalState.failed(SCRIPT_FAILURE);
                    case Outcome.TimedOut(Duration _) -> FinalState.failed(JOB_EXECUTION_TIMEOUT);
                    case Outcome.Cancelled(String _) ->
                            FinalState.failed(byServer ? JOB_CANCELED : RUNNER_INTERRUPTED);
                    case Outcome.Denied(String _) -> FinalState.failed(RUNNER_CONFIGURATION_ERROR);
                    case Outcome.Faulted(Fault fault, String _) -> FinalState.failed(of(fault));
                    case Outcome.Lost() -> FinalState.failed(RUNNER_SYSTEM_FAILURE);
                };
        return state.failure() == null
                ? state
                : new FinalState(state.failure().knownTo(known), state.exitCode());
    }

    private static FailureReason of(Fault fault) {
        return switch (fault) {
            case IMAGE, SECRET -> RUNNER_CONFIGURATION_ERROR;
            case REGISTRY, SECRETS_PROVIDER -> RUNNER_EXTERNAL_DEPENDENCY_FAILURE;
            case ENGINE, WORKSPACE, SERVICE, ARTIFACTS, LOG, INTERNAL -> RUNNER_SYSTEM_FAILURE;
        };
    }
}
