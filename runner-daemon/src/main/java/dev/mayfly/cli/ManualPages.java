package dev.mayfly.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a manual page for each command, as man(7) wants it, from the commands themselves. */
@Command(
        name = "generate-manual",
        hidden = true,
        description = "Write the manual pages of all commands into a folder.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly generate-manual build/man1"})
final class ManualPages implements Callable<Integer> {

    @Parameters(paramLabel = "FOLDER", description = "Where to; made if it is missing.")
    private Path folder = Path.of(".");

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        Files.createDirectories(folder);
        write(spec.root().commandLine());
        return ExitCode.OK;
    }

    private void write(CommandLine command) throws IOException {
        CommandSpec one = command.getCommandSpec();
        if (one.usageMessage().hidden()) {
            return;
        }
        Files.writeString(folder.resolve(name(one) + ".1"), page(command));
        for (CommandLine sub : List.copyOf(command.getSubcommands().values())) {
            write(sub);
        }
    }

    /** The page of one command. */
    static String page(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        Help help = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF));
        StringBuilder page = new StringBuilder();
        page.append(".TH \"")
                .append(escaped(name(spec).toUpperCase(Locale.ROOT)))
                .append("\" 1 \"\" \"")
                .append(escaped(String.join(" ", spec.root().version())))
                .append("\" \"User Commands\"\n");
        String description = String.join(" ", spec.usageMessage().description());
        page.append(".SH NAME\n")
                .append(escaped(name(spec)))
                .append(" \\- ")
                .append(escaped(description))
                .append("\n.SH SYNOPSIS\n.nf\n")
                .append(lines(help.synopsis(0).strip()))
                .append("\n.fi\n");
        section(page, "ARGUMENTS", spec.positionalParameters());
        section(page, "OPTIONS", spec.options());
        List<CommandLine> subs =
                command.getSubcommands().values().stream()
                        .filter(sub -> !sub.getCommandSpec().usageMessage().hidden())
                        .toList();
        if (!subs.isEmpty()) {
            page.append(".SH COMMANDS\n");
            for (CommandLine sub : subs) {
                page.append(".TP\n\\fB")
                        .append(escaped(name(sub.getCommandSpec())))
                        .append("\\fR(1)\n")
                        .append(
                                lines(
                                        String.join(
                                                " ",
                                                sub.getCommandSpec().usageMessage().description())))
                        .append('\n');
            }
        }
        page.append(".SH EXAMPLES\n.nf\n");
        for (String line : spec.usageMessage().footer()) {
            page.append(lines(line)).append('\n');
        }
        page.append(".fi\n.SH FILES\n.TP\n/etc/mayfly/mayfly.yaml\nThe configuration.\n");
        page.append(".TP\n/var/lib/mayfly\nQueue, kept logs, receipts, generated keys.\n");
        page.append(".SH SEE ALSO\nThe guides in /usr/share/doc/mayfly.\n");
        return page.toString();
    }

    private static void section(StringBuilder page, String title, List<? extends ArgSpec> all) {
        List<ArgSpec> shown = new ArrayList<>(all);
        shown.removeIf(ArgSpec::hidden);
        if (shown.isEmpty()) {
            return;
        }
        page.append(".SH ").append(title).append('\n');
        for (ArgSpec argument : shown) {
            page.append(".TP\n\\fB").append(escaped(term(argument))).append("\\fR\n");
            page.append(lines(explained(argument))).append('\n');
        }
    }

    private static String explained(ArgSpec argument) {
        String text = String.join(" ", argument.description());
        Iterable<String> candidates = argument.completionCandidates();
        return text.replace("${DEFAULT-VALUE}", String.valueOf(argument.defaultValueString()))
                .replace(
                        "${COMPLETION-CANDIDATES}",
                        candidates == null ? "" : String.join(", ", candidates));
    }

    private static String term(ArgSpec argument) {
        return switch (argument) {
            case OptionSpec option ->
                    String.join(", ", option.names())
                            + (option.arity().max() == 0 ? "" : " " + option.paramLabel());
            case PositionalParamSpec positional -> positional.paramLabel();
            default -> argument.paramLabel();
        };
    }

    /** {@code mayfly-secret-set} for {@code mayfly secret set}, as git does it. */
    private static String name(CommandSpec spec) {
        return spec.qualifiedName("-");
    }

    private static String lines(String text) {
        StringBuilder lines = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            if (!lines.isEmpty()) {
                lines.append('\n');
            }
            // At the beginning of a line these two would be requests.
            lines.append(line.startsWith(".") || line.startsWith("'") ? "\\&" : "")
                    .append(escaped(line));
        }
        return lines.toString();
    }

    private static String escaped(String text) {
        return text.replace("%n", "\n")
                .replace("\\", "\\e")
                .replace("-", "\\-")
                .replace("\"", "\\(dq");
    }
}
