package dev.mayfly.cli;

import dev.mayfly.source.local.LocalClient;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Puts the host into service again. */
@Command(
        name = "resume",
        description = "Take jobs again after mayfly drain.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly resume"})
final class ResumeCommand implements Callable<Integer> {

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws Exception {
        try (LocalClient client = config.client()) {
            new StatusView(System.out, style.style()).show(client.resume(), Instant.now());
            return ExitCode.OK;
        }
    }
}
