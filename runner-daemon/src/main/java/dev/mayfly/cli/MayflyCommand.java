package dev.mayfly.cli;

import dev.mayfly.bootstrap.Version;
import java.io.PrintWriter;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line's root: what {@code mayfly} alone does is to say what it can do. */
@Command(
        name = "mayfly",
        description = "Runs CI jobs, each in an environment that lives exactly as long as the job.",
        subcommands = {
            DaemonCommand.class,
            RunCommand.class,
            SubmitCommand.class,
            JobsCommand.class,
            JobCommand.class,
            LogsCommand.class,
            CancelCommand.class,
            StatusCommand.class,
            DrainCommand.class,
            ResumeCommand.class,
            ReloadCommand.class,
            ApprovalsCommand.class,
            ApproveCommand.class,
            PolicyCommand.class,
            AuditCommand.class,
            SecretCommand.class,
            VaultCommand.class,
            RegisterCommand.class,
            UnregisterCommand.class,
            RegistrationsCommand.class,
            MigrateCommand.class,
            CheckCommand.class,
            DoctorCommand.class,
            ReapCommand.class,
            VersionCommand.class,
            CommandLine.HelpCommand.class,
            GenerateCompletion.class,
            ManualPages.class,
        },
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly run hello.yaml               one job, here and now",
            "  mayfly daemon                       serve a queue of jobs",
            "  mayfly submit --follow build.yaml   put a job into it and watch",
            "  mayfly register                     take jobs from a GitLab server",
            "  mayfly status                       is it well, and what runs",
            "  mayfly secret set deploy-token      keep a secret for jobs",
            "  source <(mayfly generate-completion)   complete commands in bash and zsh",
            "",
            "mayfly COMMAND --help says more. Exit codes: a job's own; 2 usage, 4 no such",
            "job, 69 no daemon answers, 70 a defect, 78 configuration; for a job that has",
            "no code of its own 123 out of disk, 124 timed out, 125 could not be run,",
            "126 refused, 130 cancelled, 137 out of memory."
        })
final class MayflyCommand implements Runnable {

    @Spec private CommandSpec spec;

    /** picocli sets the fields. */
    MayflyCommand() {
        spec = CommandSpec.create();
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** The command line, ready to execute. */
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new MayflyCommand());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler(new Complaint());
        line.setParameterExceptionHandler(MayflyCommand::misused);
        line.setUsageHelpAutoWidth(true);
        teachHelp(line);
        example(line, "generate-completion", "source <(mayfly generate-completion)");
        example(line, "help", "mayfly help run");
        line.getCommandSpec().version("mayfly " + Version.current());
        return line;
    }

    /** What is wrong and where to read on: all the options would push it off the screen. */
    private static int misused(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("mayfly: " + problem.getMessage());
        UnmatchedArgumentException.printSuggestions(problem, err);
        err.println(
                "    " + command.getCommandSpec().qualifiedName() + " --help shows how it is used");
        return ExitCode.USAGE;
    }

    /** For the commands that are not ours. */
    private static void example(CommandLine line, String command, String example) {
        line.getSubcommands().values().stream()
                .filter(sub -> sub.getCommandName().equals(command))
                .map(sub -> sub.getCommandSpec().usageMessage())
                .forEach(usage -> usage.footerHeading("%nExamples:%n").footer("  " + example));
    }

    /** Every command at every depth answers {@code --help}. */
    private static void teachHelp(CommandLine line) {
        line.getCommandSpec().mixinStandardHelpOptions(true);
        line.getSubcommands().values().forEach(MayflyCommand::teachHelp);
    }
}
