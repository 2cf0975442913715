package dev.mayfly.cli;

import dev.mayfly.bootstrap.Daemon;
import dev.mayfly.config.LoadedConfiguration;
import dev.mayfly.systemd.Supervisor;
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
            "left. SIGHUP reads the configuration again, as mayfly reload does."
        })
final class DaemonCommand implements Callable<Integer> {

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() throws InterruptedException {
        LoadedConfiguration configuration = config.loaded();
        DaemonLog.as(configuration.settings().daemon().log());
        Semaphore asked = new Semaphore(0);
        StopSignals.on("TERM", asked::release);
        StopSignals.on("INT", asked::release);
        try (Supervisor supervisor = Supervisor.of(System.getenv(), ProcessHandle.current().pid());
                Daemon daemon = Daemon.start(configuration)) {
            StopSignals.on("HUP", daemon::reload);
            supervisor.ready(daemon.summary());
            supervisor.watch(daemon::notAlive, daemon::summary);
            asked.acquire();
            supervisor.stopping("draining: running jobs may end", daemon.drainLimit());
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
