package dev.mayfly.cli;

import java.io.IOException;

/** No daemon has ever run with this configuration. */
final class NoDaemonException extends IOException {

    private static final long serialVersionUID = 1L;

    NoDaemonException(String message) {
        super(message);
    }
}
