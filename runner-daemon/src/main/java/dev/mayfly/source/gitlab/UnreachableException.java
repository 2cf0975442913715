package dev.mayfly.source.gitlab;

import java.io.IOException;

/** The server gave no answer, or none that can be read. The message names server and cause. */
public final class UnreachableException extends IOException {

    private static final long serialVersionUID = 1L;

    UnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}
