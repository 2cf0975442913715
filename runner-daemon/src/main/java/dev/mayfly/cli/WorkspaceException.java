package dev.mayfly.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What a job wants in its workspace cannot be packed. Names the file and the cause. */
final class WorkspaceException extends IOException {

    private static final long serialVersionUID = 1L;

    WorkspaceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
