package dev.mayfly.cli;

import dev.mayfly.source.local.JobQuery;
import dev.mayfly.source.local.LocalClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Lists jobs. */
@Command(
        name = "jobs",
        description = "List jobs, the newest first.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly jobs", "  mayfly jobs --state running"})
final class JobsCommand implements Callable<Integer> {

    @Option(
            names = "--state",
            paramLabel = "STATE",
            defaultValue = "any",
            description = "Only these: ${COMPLETION-CANDIDATES}.")
    private JobQuery.State state = JobQuery.State.ANY;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            defaultValue = "50",
            description = "At most so many. Default: ${DEFAULT-VALUE}.")
    private int limit = 50;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        if (limit < 1 || limit > JobQuery.MOST) {
            throw new ParameterException(
                    spec.commandLine(), "--limit is " + limit + ", must be 1 to " + JobQuery.MOST);
        }
        try (LocalClient client = config.client()) {
            new JobView(System.out, style.style())
                    .table(client.list(new JobQuery(state, limit, null)).jobs());
            return ExitCode.OK;
        }
    }
}
