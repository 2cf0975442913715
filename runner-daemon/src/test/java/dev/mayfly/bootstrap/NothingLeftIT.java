package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.source.local.JobQuery;
import dev.mayfly.source.local.LocalJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many jobs, one after the other and side by side, and what the engine and the daemon hold
 * afterwards. Needs an engine and the agent image.
 */
@Timeout(240)
class NothingLeftIT {

    /** How a job is made to end, and what is said of it then. */
    private enum Ending {
        PASS("passed", "{script: [exit 0]}"),
        FAIL("failed", "{script: [exit 3], after_script: [exit 1]}"),
        DAEMONISE("passed", "{script: ['setsid sleep 1000 &']}"),
        NETWORK("passed", "{pool: trusted, network: full, script: [test -e /sys/class/net/eth0]}"),
        TIME_OUT("timed-out", "{timeout: 1s, script: [sleep 600]}"),
        NO_IMAGE("faulted", "{image: \"127.0.0.1:1/none:1\", script: [exit 0]}"),
        NO_SECRET("faulted", "{secrets: {A: none}, script: [exit 0]}"),
        OUT_OF_MEMORY(
                "out-of-memory",
                "{resources: {memory: 32MiB}, script: ['head -c 200000000 /dev/zero | tail -c"
                        + " 150000000 > /dev/null']}"),
        CANCEL("cancelled", "{script: [sleep 600]}");

        private final String word;
        private final String document;

        Ending(String word, String document) {
            this.word = word;
            this.document = document;
        }

        /** Mostly the quick ones. */
        static Ending ofTurn(int turn) {
            return turn % 10 < 7 ? values()[turn % 3] : values()[3 + turn / 3 % 6];
        }
    }

    @TempDir private Path directory;

    private static JobId begin(Jobs jobs, Ending ending) throws IOException, InterruptedException {
        JobId job = jobs.submit(ending.document);
        if (ending == Ending.CANCEL) {
            jobs.client().cancel(job, "of the test");
        }
        return job;
    }

    private static Jobs.Ended end(Jobs jobs, JobId job, Ending ending)
            throws IOException, InterruptedException {
        if (ending == Ending.CANCEL) {
            LocalJob ended = jobs.until(job, "over", NothingLeftIT::over);
            assertThat(ended.state().outcome()).isInstanceOf(Outcome.Cancelled.class);
            return new Jobs.Ended(ended, "", List.of());
        }
        Jobs.Ended ended = jobs.ended(job);
        assertThat(ended.outcome().word()).as("%s", ended).isEqualTo(ending.word);
        return ended;
    }

    /** A job that was cancelled while it waited has no receipt: nothing was ever made for it. */
    private static boolean over(LocalJob job) {
        return job.state().phase() == JobPhase.FINISHED;
    }

    private static long openFiles() {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int threads() {
        return Thread.getAllStackTraces().size();
    }

    /** Nobody is given what somebody else had. */
    private static void assertUnshared(Engine.Happenings happenings, List<JobId> jobs) {
        Map<String, JobId> owners = new HashMap<>();
        for (JobId job : jobs) {
            for (String resource : happenings.touched(job.value())) {
                assertThat(owners.put(resource, job)).as(resource).isNull();
            }
        }
        assertThat(owners).hasSizeGreaterThan(jobs.size());
    }

    private static void assertEveryJobHasItsEnd(Jobs jobs, List<JobId> submitted)
            throws IOException, InterruptedException {
        List<LocalJob> all =
                jobs.client().list(new JobQuery(JobQuery.State.ANY, JobQuery.MOST, null)).jobs();
        assertThat(all).extracting(LocalJob::id).containsExactlyInAnyOrderElementsOf(submitted);
        assertThat(all)
                .allSatisfy(job -> {
                    assertThat(job.state().phase()).isEqualTo(JobPhase.FINISHED);
                    assertThat(job.state().outcome()).isNotNull();
                    if (job.state().receipt() != null) {
                        assertThat(job.state().receipt().clean()).isTrue();
                    }
                });
    }

    @Test
    void hundredJobsInARowLeaveTheEngineAndTheDaemonAsTheyWere()
            throws IOException, InterruptedException {
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        try (Engine engine = new Engine();
                Engine.Happenings happenings = engine.listen();
                Daemon _ = Daemon.start(installation.settings());
                Jobs jobs = installation.jobs()) {
            Set<String> ours = Set.of(installation.daemonId());
            Set<String> before = engine.everythingBut(ours);
            List<JobId> submitted = new ArrayList<>();
            Set<Ending> seen = new HashSet<>();
            long filesAfter20 = 0;
            int threadsAfter20 = 0;

            for (int turn = 0; turn < 100; turn++) {
                Ending ending = Ending.ofTurn(turn);
                seen.add(ending);
                JobId job = begin(jobs, ending);
                submitted.add(job);
                end(jobs, job, ending);
                assertThat(engine.of(installation.daemonId())).as("after %s", ending).isEmpty();
                if (turn == 19) {
                    filesAfter20 = openFiles();
                    threadsAfter20 = threads();
                }
            }

            assertThat(seen).containsExactlyInAnyOrder(Ending.values());
            long files = filesAfter20 + 15;
            int threads = threadsAfter20 + 15;
            Eventually.holds("files", Duration.ofSeconds(10), () -> openFiles() <= files);
            Eventually.holds("threads", Duration.ofSeconds(10), () -> threads() <= threads);
            assertEveryJobHasItsEnd(jobs, submitted);
            assertUnshared(happenings, submitted);
            assertUnchanged(engine, ours, before);
        }
    }

    @Test
    void sixteenJobsAtOnceLeaveTheEngineAsItWas() throws IOException, InterruptedException {
        Installation installation = new Installation(directory, 16, "drain_timeout: 1s");
        try (Engine engine = new Engine();
                Engine.Happenings happenings = engine.listen();
                Daemon _ = Daemon.start(installation.settings());
                Jobs jobs = installation.jobs()) {
            Set<String> ours = Set.of(installation.daemonId());
            Set<String> before = engine.everythingBut(ours);

            List<JobId> together = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                together.add(jobs.submit("{resources: {memory: 64MiB}, script: [sleep 600]}"));
            }
            for (JobId job : together) {
                jobs.until(job, "running", j -> j.state().phase() == JobPhase.RUNNING);
            }
            assertThat(engine.running(installation.daemonId())).hasSize(16);
            for (JobId job : together) {
                jobs.client().cancel(job, "of the test");
            }
            for (JobId job : together) {
                end(jobs, job, Ending.CANCEL);
            }

            Map<JobId, Ending> mixed = new HashMap<>();
            for (int i = 0; i < 32; i++) {
                Ending ending = Ending.values()[i % Ending.values().length];
                mixed.put(begin(jobs, ending), ending);
            }
            for (Map.Entry<JobId, Ending> job : mixed.entrySet()) {
                end(jobs, job.getKey(), job.getValue());
            }

            List<JobId> submitted = new ArrayList<>(together);
            submitted.addAll(mixed.keySet());
            assertEveryJobHasItsEnd(jobs, submitted);
            assertUnshared(happenings, together);
            assertUnchanged(engine, ours, before);
        }
    }

    private static void assertUnchanged(Engine engine, Set<String> ours, Set<String> before)
            throws InterruptedException {
        assertThat(before).as("the engine's own networks are in the list").isNotEmpty();
        // Somebody else's unlabelled things may be there for a moment.
        Eventually.holds(
                "the engine is as before: " + before,
                Duration.ofSeconds(20),
                () -> {
                    Set<String> now = engine.everythingBut(ours);
                    now.removeAll(before);
                    return now.isEmpty();
                });
    }
}
