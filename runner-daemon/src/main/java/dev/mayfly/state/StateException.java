package dev.mayfly.state;

import org.jspecify.annotations.Nullable;

/** The state directory or its database cannot be used. The message names the file and the cure. */
public final class StateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
