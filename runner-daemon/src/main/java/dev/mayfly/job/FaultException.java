package dev.mayfly.job;

import org.jspecify.annotations.Nullable;

/** A stage could not do its part. Becomes {@link Outcome.Faulted} at the job's one boundary. */
public final class FaultException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Fault fault;

    /**
     * Describes a failure.
     *
     * @param fault the kind
     * @param message what was tried, on what, what came back, what to do; never a secret
     */
    public FaultException(Fault fault, String message) {
        this(fault, message, null);
    }

    public FaultException(Fault fault, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.fault = fault;
    }

    public Fault fault() {
        return fault;
    }
}
