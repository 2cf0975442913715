package dev.mayfly.cli;

import dev.mayfly.job.JobId;
import dev.mayfly.source.local.LocalClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Ends a job. */
@Command(
        name = "cancel",
        description = "End a job, waiting or running.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly cancel ID",
            "  mayfly cancel --reason \"wrong branch\" ID",
            "",
            "The script gets SIGTERM, its after_script still runs, and everything is",
            "destroyed."
        })
final class CancelCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "The job.", converter = JobIdConverter.class)
    private JobId job = new JobId("none");

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "cancelled on the command line",
            description = "Why; shown with the job. Default: \"${DEFAULT-VALUE}\".")
    private String reason = "";

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() throws Exception {
        try (LocalClient client = config.client()) {
            System.out.println(
                    switch (client.cancel(job, reason)) {
                        case ENDED -> "job " + job + " was waiting and will not run";
                        case REQUESTED -> "job " + job + " was told to end";
                        case TOO_LATE -> "job " + job + " had ended already";
                    });
            return ExitCode.OK;
        }
    }
}
