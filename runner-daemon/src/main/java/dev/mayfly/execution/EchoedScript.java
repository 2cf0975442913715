package dev.mayfly.execution;

import java.util.ArrayList;
import java.util.List;

/** A job's script whose commands are shown in the log before they run, as people expect of CI. */
final class EchoedScript {

    private EchoedScript() {}

    /**
     * Puts a line that prints the command before each command.
     *
     * @param commands as the author wrote them; one of several lines is shown by its first
     * @return shell text, one element for each line to run
     */
    static List<String> of(List<String> commands) {
        List<String> lines = new ArrayList<>(2 * commands.size());
        for (String command : commands) {
            lines.add("printf '%s\\n' " + quoted("$ " + shown(command)));
            lines.add(command);
        }
        return lines;
    }

    private static String shown(String command) {
        List<String> lines = command.strip().lines().toList();
        return lines.size() <= 1
                ? command.strip()
                : lines.getFirst() + "  # and " + (lines.size() - 1) + " more lines";
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
