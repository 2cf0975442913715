package dev.mayfly.cli;

import dev.mayfly.source.local.DaemonStatus;
import dev.mayfly.source.local.LocalClient;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says how the daemon does. */
@Command(
        name = "status",
        description = "Say whether the daemon is well, why not, and what runs.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly status",
            "",
            "Exits with 0 when jobs can be run now, 1 when not, 69 when no daemon answers."
        })
final class StatusCommand implements Callable<Integer> {

    private static final int NOT_READY = 1;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws Exception {
        try (LocalClient client = config.client()) {
            DaemonStatus status = client.status();
            new StatusView(System.out, style.style()).show(status, Instant.now());
            return status.health().notAlive().isEmpty() && status.health().notReady().isEmpty()
                    ? ExitCode.OK
                    : NOT_READY;
        }
    }
}
