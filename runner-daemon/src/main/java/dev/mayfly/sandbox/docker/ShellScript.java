package dev.mayfly.sandbox.docker;

import java.util.List;

/** Makes one script of a step's lines. */
final class ShellScript {

    private ShellScript() {}

    /**
     * Lines that end at the first that fails. In bash, a pipe fails with any of its commands; other
     * shells may not know that option.
     *
     * @param shell path of the shell that will read it
     */
    static String of(String shell, List<String> lines) {
        String options = shell.endsWith("/bash") ? "set -eo pipefail" : "set -e";
        return options + "\n" + String.join("\n", lines) + "\n";
    }
}
