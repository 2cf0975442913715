package dev.mayfly.policy;

/**
 * A condition could not be decided: it asks for a claim that the job's token does not have, for
 * example. Whoever asked takes the answer that gives the job less.
 */
public final class UndecidedException extends Exception {

    private static final long serialVersionUID = 1L;

    UndecidedException(String message, Throwable cause) {
        super(message, cause);
    }
}
