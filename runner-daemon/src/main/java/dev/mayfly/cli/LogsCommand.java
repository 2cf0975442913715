package dev.mayfly.cli;

import dev.mayfly.job.JobId;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.LogState;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows a job's log. */
@Command(
        name = "logs",
        description = "Show a job's log, as far as it is there.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly logs ID",
            "  mayfly logs --follow ID   # until the job has ended; ends with its exit code"
        })
final class LogsCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "The job.", converter = JobIdConverter.class)
    private JobId job = new JobId("none");

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until the job has ended.")
    private boolean follow;

    @Option(names = "--timestamps", description = "Start each line with the time.")
    private boolean timestamps;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws Exception {
        try (LocalClient client = config.client()) {
            if (follow) {
                return Following.to(
                        client, job, new LogView(System.out, style.style(), timestamps));
            }
            LogState state = client.output(job, System.out);
            System.out.flush();
            if (state == LogState.INCOMPLETE) {
                System.err.println(
                        "mayfly: the log of "
                                + job
                                + " is incomplete: its end is missing; mayfly logs --follow "
                                + job
                                + " says more");
            }
            return ExitCode.OK;
        }
    }
}
