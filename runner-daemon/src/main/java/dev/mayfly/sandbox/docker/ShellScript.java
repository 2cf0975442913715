package dev.mayfly.sandbox.docker;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes one script of a step's lines. */
final class ShellScript {

    private ShellScript() {}

    /**
     * Lines that end at the first that fails. In bash, a pipe fails with any of its commands; other
     * shells may not know that option.
     *
     * @param shell path of the shell that will read it
     * @param otherwiseHome the home where the environment names none that exists and is writable,
     *     or null to leave it as it is
     */
    static String of(String shell, @Nullable String otherwiseHome, List<String> lines) {
        String options = shell.endsWith("/bash") ? "set -eo pipefail" : "set -e";
        String home = otherwiseHome == null ? "" : homeOr(otherwiseHome);
        return options + "\n" + home + String.join("\n", lines) + "\n";
    }

    /** The engine says / where the image knows no home of the user's. */
    private static String homeOr(String other) {
        return """
        if test "${HOME:-/}" != / && test -d "$HOME" && test -w "$HOME"; then :; else HOME=%s; export HOME; fi
        """
                .formatted(other);
    }
}
