package dev.mayfly.cli;

import dev.mayfly.source.local.DaemonStatus;
import dev.mayfly.source.local.LocalClient;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Takes the host out of service. */
@Command(
        name = "drain",
        description = "Take no further jobs; running ones go on.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly drain",
            "  mayfly drain --wait 60",
            "",
            "Holds over restarts of daemon and host, until mayfly resume. A question for",
            "jobs that is under way, up to 20 seconds, may still bring one, which is run."
        })
final class DrainCommand implements Callable<Integer> {

    private static final Duration PAUSE = Duration.ofMillis(500);

    @Option(
            names = "--wait",
            paramLabel = "MINUTES",
            description = "Return when nothing runs, or with 1 after so many minutes.")
    private int minutes;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        if (minutes < 0 || minutes > 10_000) {
            throw new ParameterException(
                    spec.commandLine(), "--wait is " + minutes + ", must be 0 to 10000");
        }
        try (LocalClient client = config.client()) {
            DaemonStatus status = client.drain();
            long deadline = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
            while (!idle(status) && System.nanoTime() < deadline) {
                Thread.sleep(PAUSE);
                status = client.status();
            }
            new StatusView(System.out, style.style()).show(status, Instant.now());
            return minutes == 0 || idle(status) ? ExitCode.OK : 1;
        }
    }

    private static boolean idle(DaemonStatus status) {
        return status.pools().stream().allMatch(pool -> !pool.claiming() && pool.jobs().isEmpty());
    }
}
