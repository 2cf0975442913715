package dev.mayfly.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** The reference of the command line, written from the commands themselves. */
final class CommandLinePage {

    private static final String HEAD =
            """
            # Command line

            <!-- Written from the commands by CommandLinePageTest; do not edit. -->

            Every command answers `--help`. Completion for bash and zsh:

            ```sh
            source <(mayfly generate-completion)
            ```

            ## Exit codes

            | Code | Meaning |
            |---|---|
            | 0 | it worked; the job passed |
            | 1 to 255 | the job's script ended with this code |
            | 2 | the command line is wrong |
            | 4 | there is no such job or secret |
            | 69 | no daemon answers, or it refuses the token |
            | 70 | a defect in Mayfly |
            | 78 | the configuration, a job file or a workspace has problems; they were printed |
            | 123 | the job held more of the disk than it may |
            | 124 | the job ran into its time limit |
            | 125 | the job could not be run, was lost, or left something behind |
            | 126 | the job was refused |
            | 130 | the job was cancelled |
            | 137 | the job ran out of memory |

            A script may end with any of these codes itself: `mayfly job ID` says which it was.

            ## How a log is shown

            Lines that begin with `== ` (sections) or `-- ` (notices) are Mayfly's. A line of the job's own
            output that begins like that, escape sequences not counted, is shown with `| ` before it. On a
            terminal, of what a job prints only text, colours, tab, carriage return and backspace have an
            effect; into a file or a pipe all other bytes go as they are, and so do those of `mayfly logs`
            without `--follow`.
            """;

    private CommandLinePage() {}

    static String of(CommandLine root) {
        StringBuilder page = new StringBuilder(HEAD);
        for (CommandLine command : all(root)) {
            command.setUsageHelpAutoWidth(false);
            command.setUsageHelpWidth(100);
            String usage = command.getUsageMessage(Ansi.OFF);
            page.append("\n## ").append(command.getCommandSpec().qualifiedName()).append("\n\n");
            page.append("```text\n");
            usage.lines().forEach(line -> page.append(line.stripTrailing()).append('\n'));
            page.append("```\n");
        }
        return page.toString();
    }

    /** A command and all below it that people are to see, each once. */
    static List<CommandLine> all(CommandLine command) {
        List<CommandLine> all = new ArrayList<>(List.of(command));
        new LinkedHashSet<>(command.getSubcommands().values())
                .stream()
                        .filter(sub -> !sub.getCommandSpec().usageMessage().hidden())
                        .forEach(sub -> all.addAll(all(sub)));
        return all;
    }
}
