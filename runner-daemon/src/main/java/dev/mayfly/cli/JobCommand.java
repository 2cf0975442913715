package dev.mayfly.cli;

import dev.mayfly.job.JobId;
import dev.mayfly.source.local.LocalClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows one job. */
@Command(
        name = "job",
        description = "Show one job: how it ended, and the receipt of what was destroyed.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly job ID", "  mayfly job --json ID | jq .receipt"})
final class JobCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "The job.", converter = JobIdConverter.class)
    private JobId job = new JobId("none");

    @Option(names = "--json", description = "As the API describes it.")
    private boolean json;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws Exception {
        try (LocalClient client = config.client()) {
            if (json) {
                System.out.println(client.describe(job));
            } else {
                new JobView(System.out, style.style()).details(client.get(job));
            }
            return ExitCode.OK;
        }
    }
}
