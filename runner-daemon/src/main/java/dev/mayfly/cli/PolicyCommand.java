package dev.mayfly.cli;

import dev.mayfly.bootstrap.Desk;
import dev.mayfly.config.PolicyFiles;
import dev.mayfly.job.JobId;
import dev.mayfly.policy.Trial;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What concerns the rules that decide which jobs run. */
@Command(
        name = "policy",
        description = "Try the rules that decide which jobs run, and see what they decided.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {PolicyCommand.Test.class, PolicyCommand.Explain.class},
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly policy test", "  mayfly policy explain shop-1001"})
final class PolicyCommand {

    private PolicyCommand() {}

    /** Tries the tests that policy files bring along. */
    @Command(
            name = "test",
            description = {
                "Check the policy files of the configuration, and run the tests in them. No daemon"
                        + " and no server is asked."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  mayfly policy test",
                "  mayfly policy test --config mayfly.yaml",
                "",
                "Ends with 1 when a test fails."
            })
    static final class Test implements Callable<Integer> {

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() {
            PolicyFiles files = PolicyFiles.read(config.load());
            int tried = 0;
            int failed = 0;
            for (Map.Entry<Path, List<Trial>> file : files.trials().entrySet()) {
                System.out.println(file.getKey());
                for (Trial trial : file.getValue()) {
                    Optional<String> failure = trial.failure(files.policy());
                    tried++;
                    failed += failure.isPresent() ? 1 : 0;
                    System.out.println(
                            (failure.isEmpty() ? "  ok    " : "  FAIL  ") + trial.name());
                    failure.ifPresent(why -> System.out.println("        " + why));
                }
            }
            System.out.println(
                    "policy "
                            + files.policy().digest()
                            + ": "
                            + files.policy().rules().size()
                            + " rules, "
                            + tried
                            + " tests, "
                            + failed
                            + " failed");
            return failed == 0 ? ExitCode.OK : 1;
        }
    }

    /** Tells how a decision came about. */
    @Command(
            name = "explain",
            description = {
                "Show what was known of a job when it was decided, who said so, and what each rule"
                        + " said to it."
            },
            footerHeading = "%nExamples:%n",
            footer = {"  mayfly policy explain shop-1001"})
    static final class Explain implements Callable<Integer> {

        @Parameters(paramLabel = "JOB", description = "The job.", converter = JobIdConverter.class)
        private JobId job = new JobId("none");

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() {
            try (Desk desk = Desk.open(config.load())) {
                Optional<String> text = desk.decisions().explanation(job);
                if (text.isEmpty()) {
                    System.err.println(
                            "mayfly: nothing was decided of a job "
                                    + job
                                    + " on this host, or it was long ago");
                    return ExitCode.NOT_FOUND;
                }
                System.out.print(text.get());
                return ExitCode.OK;
            }
        }
    }
}
