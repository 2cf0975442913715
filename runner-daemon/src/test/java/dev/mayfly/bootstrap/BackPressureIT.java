package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.GatedSink;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.execution.JobRun;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.local.JobDocuments;
import dev.mayfly.source.local.LocalSourceSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a CI server that takes nothing does to a real container. Needs an engine on this host whose
 * processes may be looked into, the docker command line and the agent image.
 */
@Timeout(120)
class BackPressureIT {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int KIBIBYTES = 16 * 1024;

    /** Of the spool, which holds 1 MiB in memory beside what it has on disk. */
    private static final int SPOOL_KIBIBYTES = 1024 + 64;

    /** Prints lines of 1 KiB, and counts those that it got rid of. */
    private static final String JOB =
            """
            name: counting
            pool: trusted
            script:
              - |
                # counts
                until [ -e /tmp/go ]; do sleep 0.02; done
                for ((i = 1; i <= %d; i++)); do printf '%%1023d\\n' $i; echo $i >/tmp/count; done
            """
                    .formatted(KIBIBYTES);

    @TempDir private Path directory;

    private final GatedSink server = new GatedSink();
    private final Cancellation cancellation = new Cancellation();
    private final List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    private final JobId id = new JobId("j-pressed-" + ProcessHandle.current().pid());
    private final CompletableFuture<Void> running = new CompletableFuture<>();
    private Engine engine;
    private Assembly parts;
    private String daemonId;
    private CompletableFuture<Receipt> end;

    @BeforeEach
    void start() throws Exception {
        Installation installation = new Installation(directory, 1, "log_spool: 64KiB");
        MayflySettings settings = installation.settings();
        engine = new Engine();
        parts = Assembly.open(settings, LocalSourceSettings.Queue.PRIVATE);
        daemonId = installation.daemonId();
        JobDocuments.Reading.Job job =
                (JobDocuments.Reading.Job) new YamlJobDocuments().read(JOB.getBytes(UTF_8));
        JobRun run =
                new JobRun(
                        parts.stages(),
                        new Claim(id, Assembly.LOCAL, job.spec(), cancellation),
                        new Report(),
                        settings.pools().getFirst().terms());
        end = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        end.complete(run.toTheEnd());
                    } catch (InterruptedException | RuntimeException e) {
                        end.completeExceptionally(e);
                    }
                });
    }

    @AfterEach
    void stop() throws Exception {
        cancellation.request("the test is over");
        server.open();
        end.get(30, TimeUnit.SECONDS);
        parts.close();
        assertThat(engine.of(daemonId)).isEmpty();
        engine.close();
    }

    private final class Report implements JobReport {

        @Override
        public void phase(JobPhase phase) {
            if (phase == JobPhase.RUNNING) {
                running.complete(null);
            }
        }

        @Override
        public List<LogSink> logs() {
            return List.of(server);
        }

        @Override
        public void finished(Outcome outcome) {
            outcomes.add(outcome);
        }

        @Override
        public void released(Receipt receipt) {}
    }

    /** Lets the job print, and returns where it counts; the engine is not asked any more then. */
    private Path begin() throws IOException, InterruptedException {
        running.orTimeout(30, TimeUnit.SECONDS).join();
        Eventually.holds("the container runs", LONG, () -> engine.running(daemonId).size() == 1);
        String container = engine.running(daemonId).getFirst();
        String pid = Engine.docker("inspect", "--format", "{{.State.Pid}}", container).strip();
        Path temporary = Path.of("/proc", pid, "root", "tmp");
        Files.createFile(temporary.resolve("go"));
        return temporary.resolve("count");
    }

    private static int count(Path file) throws IOException {
        String text = Files.exists(file) ? Files.readString(file).strip() : "";
        return text.isEmpty() ? 0 : Integer.parseInt(text);
    }

    private static int blockedAt(Path file) throws IOException, InterruptedException {
        Eventually.holds("the spool is full", LONG, () -> count(file) > SPOOL_KIBIBYTES);
        Eventually.standsStill("the job's write blocks", LONG, () -> count(file));
        return count(file);
    }

    @Test
    void writeOfTheJobBlocksUntilTheServerTakesMore() throws Exception {
        Path file = begin();
        int blocked = blockedAt(file);
        assertThat(blocked).as("the spool, and what pipes and buffers hold").isLessThan(4096);
        assertThat(server.text()).isEmpty();
        assertThat(end).isNotDone();

        // Piece by piece: the spool's, then what is before it, then the job's own.
        Eventually.holds(
                "the job goes on",
                LONG,
                () -> {
                    server.permits.release();
                    return count(file) > blocked;
                });
        assertThat(blockedAt(file)).isLessThan(KIBIBYTES);

        server.open();

        assertThat(end.get(30, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(outcomes).containsExactly(new Outcome.Passed());
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= KIBIBYTES; i++) {
            expected.append("%1023d%n".formatted(i));
        }
        assertThat(server.text().contains(expected)).as("all lines in order").isTrue();
        assertThat(server.text()).endsWith("<the job passed>");
        assertThat(server.finished()).isTrue();
    }

    @Test
    void jobThatIsCancelledWhileItsWriteBlocksIsGoneAtOnce() throws Exception {
        blockedAt(begin());

        cancellation.request("enough");

        Eventually.holds(
                "the environment is gone",
                LONG,
                () -> engine.containersOf(id.value()).isEmpty() && engine.of(daemonId).isEmpty());
        assertThat(end).as("the server may still take the rest").isNotDone();
        server.open();
        assertThat(end.get(30, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(outcomes).containsExactly(new Outcome.Cancelled("enough"));
        assertThat(server.text())
                .contains("bytes of output are missing here")
                .endsWith("<the job was cancelled: enough>");
    }
}
