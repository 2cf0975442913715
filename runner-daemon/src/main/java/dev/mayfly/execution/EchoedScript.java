package dev.mayfly.execution;

import java.util.ArrayList;
import java.util.List;

/** A job's script whose commands are shown in the log before they run, as people expect of CI. */
final class EchoedScript {

    private static final String PLAIN = "printf '%s\\n' ";

    /** As in GitLab's own logs. */
    private static final String GREEN = "printf '\\033[32;1m%s\\033[0;m\\n' ";

    private EchoedScript() {}

    /**
     * Puts a line that prints the command before each command.
     *
     * @param commands as the author wrote them; one of several lines is shown by its first
     * @return shell text, one element for each line to run
     */
    static List<String> of(List<String> commands) {
        return of(commands, PLAIN);
    }

    /** The same, for readers of colours. */
    static List<String> coloured(List<String> commands) {
        return of(commands, GREEN);
    }

    private static List<String> of(List<String> commands, String printing) {
        List<String> lines = new ArrayList<>(2 * commands.size());
        for (String command : commands) {
            lines.add(printing + quoted("$ " + shown(command)));
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
