package dev.mayfly.cli;

import dev.mayfly.bootstrap.Daemon;
import dev.mayfly.config.MayflySettings;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Serves until it is asked to stop. */
@Command(
        name = "daemon",
        description = "Serve a queue of jobs until stopped.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly daemon",
            "  mayfly daemon --config /etc/mayfly/mayfly.yaml",
            "",
            "The first SIGTERM or SIGINT drains: no new jobs, running ones may end within",
            "daemon.drain_timeout. The second cancels them. Exits with 0 when nothing was",
            "left."
        })
final class DaemonCommand implements Callable<Integer> {

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() throws InterruptedException {
        MayflySettings settings = config.load();
        DaemonLog.as(settings.daemon().log());
        Semaphore asked = new Semaphore(0);
        StopSignals.on("TERM", asked::release);
        StopSignals.on("INT", asked::release);
        try (Daemon daemon = Daemon.start(settings)) {
            asked.acquire();
            Thread impatience =
                    Thread.ofVirtual()
                            .name("second-signal")
                            .start(() -> {
                                asked.acquireUninterruptibly();
                                daemon.cancelAll();
                            });
            boolean idle = daemon.drain();
            impatience.interrupt();
            return idle ? ExitCode.OK : ExitCode.FAULTED;
        }
    }
}
