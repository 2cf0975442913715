package dev.mayfly.cli;

import dev.mayfly.bootstrap.Desk;
import dev.mayfly.job.JobId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Approves a job that a rule holds. */
@Command(
        name = "approve",
        description = "Approve a job that a rule holds: it may then be run again, once.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly approvals",
            "  mayfly approve shop-1001",
            "",
            "What is approved is this job with its commit, commands, images and variables,",
            "under the policy that held it. Run it again at its server afterwards."
        })
final class ApproveCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "JOB",
            description = "The job that is held.",
            converter = JobIdConverter.class)
    private JobId job = new JobId("none");

    @Option(
            names = "--by",
            paramLabel = "NAME",
            description = "Who approves it; kept with it. Default: the user of this shell.")
    private @Nullable String by;

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() {
        try (Desk desk = Desk.open(config.load())) {
            String who = by == null ? user() : by;
            return switch (desk.approve(job, who)) {
                case APPROVED -> {
                    System.out.println("job " + job + " is approved: run it again");
                    yield ExitCode.OK;
                }
                case ALREADY -> {
                    System.out.println("job " + job + " was approved before");
                    yield ExitCode.OK;
                }
                case UNKNOWN -> {
                    System.err.println(
                            "mayfly: no job "
                                    + job
                                    + " is held, or its time is over; see mayfly approvals");
                    yield ExitCode.NOT_FOUND;
                }
            };
        }
    }

    private static String user() {
        String sudoer = System.getenv("SUDO_USER");
        return sudoer == null ? System.getProperty("user.name", "unknown") : sudoer;
    }
}
