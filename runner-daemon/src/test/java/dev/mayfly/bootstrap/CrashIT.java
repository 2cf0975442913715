package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.source.local.LocalJob;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Daemons and single runs that are killed in every phase of a job, and what the next one makes of
 * it. Needs an engine on this host, the docker command line, and the agent image.
 */
@Timeout(120)
class CrashIT {

    private static final String NEXT = "{script: [echo ran once]}";

    @TempDir private Path directory;

    private Installation installation;
    private Engine engine;
    private Engine.Happenings happenings;
    private MayflyProcess daemon;
    private Jobs jobs;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 1, "drain_timeout: 30s");
        engine = new Engine();
        happenings = engine.listen();
        daemon = MayflyProcess.daemon(installation);
        jobs = installation.jobs();
    }

    @AfterEach
    void stop() throws IOException {
        jobs.close();
        daemon.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        happenings.close();
        engine.close();
    }

    /** Kills the daemon, sees its containers die by themselves, and starts another one. */
    private void killAndStartAgain() throws IOException, InterruptedException {
        daemon.kill();
        String id = installation.daemonId();
        Eventually.holds(
                "containers die without their daemon",
                Duration.ofSeconds(5),
                () -> engine.running(id).isEmpty());
        daemon = MayflyProcess.daemon(installation);
    }

    private void assertLostAndTheNextOneRan(JobId killed, JobId queued)
            throws IOException, InterruptedException {
        Jobs.Ended lost = jobs.ended(killed);
        assertThat(lost.outcome()).isEqualTo(new Outcome.Lost());
        assertThat(engine.containersOf(killed.value())).isEmpty();
        assertThat(happenings.created(killed.value(), "job")).hasSizeLessThanOrEqualTo(1);

        assertRanOnce(queued);
    }

    private void assertRanOnce(JobId job) throws IOException, InterruptedException {
        Jobs.Ended next = jobs.ended(job);
        assertThat(next.outcome()).as("%s", next).isEqualTo(new Outcome.Passed());
        assertThat(next.output()).isEqualTo("$ echo ran once\nran once\n");
        assertThat(happenings.created(job.value(), "job")).hasSize(1);
    }

    @Test
    void killedWhileItWaitsForAnImage() throws IOException, InterruptedException {
        try (ServerSocket silent = new ServerSocket(0)) {
            JobId job =
                    jobs.submit(
                            "{image: \"127.0.0.1:%d/never:1\", script: [echo]}"
                                    .formatted(silent.getLocalPort()));
            JobId next = jobs.submit(NEXT);
            jobs.until(job, "preparing", j -> j.state().phase() == JobPhase.PREPARING);
            killAndStartAgain();
            assertLostAndTheNextOneRan(job, next);
        }
    }

    @Test
    void killedDuringTheCheckout() throws IOException, InterruptedException {
        try (ServerSocket silent = new ServerSocket(0)) {
            JobId job =
                    jobs.submit(
                            "{pool: trusted, workspace: {git: {url: \"git://%s:%d/x\", commit: %s}}, script: [echo]}"
                                    .formatted(
                                            Engine.hostAddresses().getFirst(),
                                            silent.getLocalPort(),
                                            "1".repeat(40)));
            JobId next = jobs.submit(NEXT.replace("{", "{pool: trusted, "));
            silent.setSoTimeout(30_000);
            try (var _ = silent.accept()) {
                killAndStartAgain();
            }
            assertLostAndTheNextOneRan(job, next);
        }
    }

    @Test
    void killedDuringTheScript() throws IOException, InterruptedException {
        JobId job =
                jobs.submit(
                        "{pool: trusted, network: full, script: [echo started, sleep 600], after_script: [echo after]}");
        JobId next = jobs.submit(NEXT.replace("{", "{pool: trusted, "));
        jobs.printed(job, "\nstarted\n");
        killAndStartAgain();
        assertLostAndTheNextOneRan(job, next);
        assertThat(jobs.output(job)).isEqualTo("$ echo started\nstarted\n$ sleep 600\n");
    }

    @Test
    void killedDuringTheAfterScript() throws IOException, InterruptedException {
        JobId job = jobs.submit("{script: [exit 0], after_script: [echo started, sleep 200]}");
        JobId next = jobs.submit(NEXT);
        jobs.printed(job, "\nstarted\n");
        killAndStartAgain();
        assertLostAndTheNextOneRan(job, next);
    }

    @Test
    void killedDuringTheTeardownAfterWhichTheOutcomeStands()
            throws IOException, InterruptedException {
        String idle = Engine.idleImage(directory);
        try {
            JobId job =
                    jobs.submit(
                            """
                            services: [{image: "%1$s", alias: a}, {image: "%1$s", alias: b}, {image: "%1$s", alias: c}]
                            script: [exit 3]
                            """
                                    .formatted(idle));
            JobId next = jobs.submit(NEXT);
            // Returns with the outcome, when the teardown has just begun.
            jobs.client().follow(job, ignoring(), Duration.ofSeconds(5));
            String firstLife = lifeOfTheDaemon(job);
            killAndStartAgain();

            Jobs.Ended ended = jobs.ended(job);
            assertThat(ended.outcome()).isEqualTo(new Outcome.Failed(3));
            assertThat(ended.receipt().life().value())
                    .as("another life finished what the first had begun")
                    .isNotEqualTo(firstLife);
            assertRanOnce(next);
        } finally {
            Engine.docker("rmi", "--force", idle);
        }
    }

    private String lifeOfTheDaemon(JobId job) throws IOException, InterruptedException {
        List<String> containers = engine.containersOf(job.value());
        assertThat(containers).as("the teardown is not over").isNotEmpty();
        return Engine.docker(
                "inspect",
                "--format={{index .Config.Labels \"dev.mayfly.life\"}}",
                containers.getFirst());
    }

    private static LogSink ignoring() {
        return new LogSink() {
            @Override
            public void output(long start, Instant at, byte[] bytes, int offset, int length) {
                // only the end matters
            }

            @Override
            public void event(LogPosition at, LogEvent event) {
                // only the end matters
            }

            @Override
            public void finish(LogPosition total) {
                // it is there
            }
        };
    }

    @Test
    void killedAgainAndAgainWhileJobsWaitRunsEachOfThemOnce()
            throws IOException, InterruptedException {
        JobId holding = jobs.submit("{script: [echo started, sleep 600]}");
        List<JobId> waiting = List.of(jobs.submit(NEXT), jobs.submit(NEXT), jobs.submit(NEXT));
        jobs.printed(holding, "\nstarted\n");
        assertThat(jobs.client().get(waiting.getFirst()).state().phase())
                .isEqualTo(JobPhase.QUEUED);
        killAndStartAgain();
        assertThat(jobs.ended(holding).outcome()).isEqualTo(new Outcome.Lost());
        for (JobId job : waiting) {
            assertRanOnce(job);
        }
    }

    // -- mayfly run

    private Path job(String document) throws IOException {
        return Files.writeString(directory.resolve("job.yaml"), document);
    }

    private MayflyProcess runningSingleJob() throws IOException, InterruptedException {
        Path file = job("{script: [echo started, sleep 600], after_script: [echo after]}");
        MayflyProcess run = MayflyProcess.start(installation, "run", file.toString());
        Eventually.holds(
                "the job runs",
                Duration.ofSeconds(30),
                () -> {
                    assertThat(run.runs()).as(run.said()).isTrue();
                    return run.said().contains("\nstarted\n");
                });
        return run;
    }

    @Test
    void interruptedRunCleansUpAfterItself() throws IOException, InterruptedException {
        try (MayflyProcess run = runningSingleJob()) {
            long before = System.nanoTime();
            run.signal("INT");
            assertThat(run.exitCode()).as(run.said()).isEqualTo(130);
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .isLessThan(Duration.ofSeconds(20));
            assertThat(run.said()).contains("\nafter\n");
            assertThat(engine.of(installation.daemonId())).isEmpty();
        }
    }

    @Test
    void killedRunIsCleanedUpByTheNextCommandAndLivingOnesAreLeftAlone()
            throws IOException, InterruptedException {
        JobId ofTheDaemon = jobs.submit("{script: [echo started, sleep 600]}");
        jobs.printed(ofTheDaemon, "\nstarted\n");
        try (MayflyProcess living = runningSingleJob();
                MayflyProcess killed = runningSingleJob()) {
            assertThat(engine.scriptsRunning(installation.daemonId())).hasSize(3);
            killed.kill();
            Eventually.holds(
                    "its container dies",
                    Duration.ofSeconds(5),
                    () -> engine.scriptsRunning(installation.daemonId()).size() == 2);

            try (MayflyProcess reap = MayflyProcess.start(installation, "reap")) {
                assertThat(reap.exitCode()).as(reap.said()).isZero();
            }

            assertThat(engine.scriptsRunning(installation.daemonId())).hasSize(2);
            assertThat(jobs.client().get(ofTheDaemon).state().ended()).isFalse();
            assertThat(living.runs()).isTrue();
            living.signal("INT");
            assertThat(living.exitCode()).isEqualTo(130);
        }
        jobs.client().cancel(ofTheDaemon, "seen enough");
        assertThat(jobs.ended(ofTheDaemon).outcome())
                .isEqualTo(new Outcome.Cancelled("seen enough"));
    }

    @Test
    void otherInstallationsOnTheSameEngineAreLeftAlone() throws IOException, InterruptedException {
        JobId job = jobs.submit("{script: [echo started, sleep 600]}");
        jobs.printed(job, "\nstarted\n");
        Installation other =
                new Installation(
                        Files.createDirectory(directory.resolve("b")), 1, "drain_timeout: 1s");
        try (MayflyProcess second = MayflyProcess.daemon(other);
                MayflyProcess reap = MayflyProcess.start(other, "reap")) {
            assertThat(reap.exitCode()).as(reap.said()).isZero();
            assertThat(second.runs()).isTrue();
            assertThat(engine.scriptsRunning(installation.daemonId())).hasSize(1);
        }
        jobs.client().cancel(job, "seen enough");
        assertThat(jobs.ended(job).outcome()).isEqualTo(new Outcome.Cancelled("seen enough"));
    }

    // -- stopping

    private void daemonSays(String words) throws InterruptedException {
        Eventually.holds(
                "the daemon says " + words,
                Duration.ofSeconds(10),
                () -> daemon.said().contains(words));
    }

    @Test
    void drainWaitsForWhatRunsAndStartsNothing() throws IOException, InterruptedException {
        JobId running = jobs.submit("{script: [echo started, sleep 3, echo ended by itself]}");
        jobs.printed(running, "\nstarted\n");
        daemon.signal("TERM");
        daemonSays("draining");
        JobId late = jobs.submit(NEXT);
        assertThat(daemon.exitCode()).as(daemon.said()).isZero();

        daemon = MayflyProcess.daemon(installation);
        LocalJob ended = jobs.client().get(running);
        assertThat(ended.state().outcome()).isEqualTo(new Outcome.Passed());
        assertThat(ended.state().receipt()).isNotNull();
        assertThat(jobs.output(running)).contains("\nended by itself\n");
        assertRanOnce(late);
    }

    @Test
    void secondSignalEndsThePatience() throws IOException, InterruptedException {
        JobId running =
                jobs.submit("{script: [echo started, sleep 600], after_script: [echo after]}");
        jobs.printed(running, "\nstarted\n");
        daemon.signal("TERM");
        daemonSays("draining");
        assertThat(daemon.runs()).isTrue();
        daemon.signal("TERM");
        assertThat(daemon.exitCode()).as(daemon.said()).isZero();
        assertThat(engine.of(installation.daemonId())).isEmpty();

        daemon = MayflyProcess.daemon(installation);
        Jobs.Ended ended = jobs.ended(running);
        assertThat(ended.outcome()).isEqualTo(new Outcome.Cancelled("the daemon is stopping"));
        assertThat(ended.output()).contains("\nafter\n");
    }
}
