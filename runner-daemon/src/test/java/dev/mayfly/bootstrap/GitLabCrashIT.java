package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubEndpoint;
import dev.mayfly.source.gitlab.StubFault;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Daemons that are killed in every phase of a job from GitLab: when the next one runs, the server
 * has an end for the job. Needs an engine on this host, the docker command line, and the agent
 * image.
 */
@Timeout(240)
class GitLabCrashIT {

    private static final Duration SOON = Duration.ofSeconds(90);

    @TempDir private Path directory;

    private GitLabStub stub;
    private StubRunner runner;
    private Installation installation;
    private Engine engine;
    private MayflyProcess daemon;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.runner(stub, runner);
        engine = new Engine();
        daemon = MayflyProcess.daemon(installation);
    }

    @AfterEach
    void stop() throws IOException {
        daemon.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
        // How much of a log has come is not noted, nor what the queue was like: a later life hears
        // both from the server.
        stub.tolerate("the next piece starts at");
        stub.tolerate("last_update must be the last");
        stub.close();
    }

    @Test
    void killedWhileItWaitsForAnImage() throws Exception {
        try (ServerSocket silent = new ServerSocket(0)) {
            StubPayload payload = job("echo never");
            ((ObjectNode) payload.node().path("image"))
                    .put("name", "127.0.0.1:%d/never:1".formatted(silent.getLocalPort()));
            StubJob job = stub.enqueue(runner, payload);
            traced(job, "is not on this engine, pulling it");
            killAndStartAgain();
            lost(job);
        }
    }

    @Test
    void killedDuringTheCheckout() throws Exception {
        try (ServerSocket silent = new ServerSocket(0)) {
            StubPayload payload = StubPayload.job(1, "test").script("echo never");
            ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
            ((ObjectNode) payload.node().path("git_info"))
                    .put(
                            "repo_url",
                            "http://gitlab-ci-token:%s@%s:%d/group/demo.git"
                                    .formatted(
                                            payload.node().path("token").asText(),
                                            Engine.hostAddresses().getFirst(),
                                            silent.getLocalPort()));
            StubJob job = stub.enqueue(runner, payload);
            silent.setSoTimeout(30_000);
            try (var _ = silent.accept()) {
                killAndStartAgain();
            }
            lost(job);
            assertThat(job.trace()).doesNotContain("\nnever\n");
        }
    }

    @Test
    void killedWhileTheAfterScriptRuns() throws Exception {
        StubJob job = stub.enqueue(runner, job("exit 3").afterScript("echo READY", "sleep 600"));
        traced(job, "READY\n");
        killAndStartAgain();
        lost(job);
    }

    @Test
    void killedDuringTheTeardownAfterWhichTheOutcomeStands() throws Exception {
        String idle = Engine.idleImage(directory);
        try {
            StubPayload payload = job("exit 3");
            for (String alias : List.of("a", "b", "c")) {
                ((ArrayNode) payload.node().path("services"))
                        .addObject()
                        .put("name", idle)
                        .put("alias", alias);
            }
            StubJob job = stub.enqueue(runner, payload);
            Path note = installation.state().resolve("gitlab/jobs/stub-1.json");
            Eventually.holds(
                    "the end is noted",
                    SOON,
                    () -> Files.exists(note) && Files.readString(note).contains("\"end\""));
            daemon.kill();
            assertThat(engine.containersOf("stub-1")).as("the teardown is not over").isNotEmpty();
            assertThat(job.status()).isEqualTo(StubJob.Status.RUNNING);
            daemon = MayflyProcess.daemon(installation);
            over(job);

            assertThat(job.failureReason()).isEqualTo("script_failure");
            assertThat(job.exitCode()).isEqualTo(3);
            assertThat(job.trace()).contains("exit 3").doesNotContain("was lost");
        } finally {
            Engine.docker("rmi", "--force", idle);
        }
    }

    @Test
    void killedWhileTheScriptRuns() throws Exception {
        StubJob job = stub.enqueue(runner, job("echo READY", "sleep 600"));
        traced(job, "READY\n");
        killAndStartAgain();
        lost(job);
        assertThat(job.trace())
                .containsSubsequence(
                        "READY\n",
                        "section_end:",
                        "the job was lost",
                        "destroyed and looked for again: 1 container",
                        "nothing is left\n",
                        "section_end:");
        assertThat(job.trace().split("section_end:", -1))
                .hasSameSizeAs(job.trace().split("section_start:", -1));
    }

    @Test
    void killedBeforeTheServerHasHeardThatItRuns() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        stub.next(StubEndpoint.UPDATE, new StubFault.Held(gate));
        StubJob job = stub.enqueue(runner, job("echo never"));
        asked(StubEndpoint.UPDATE);
        killAndStartAgain();
        gate.countDown();
        lost(job);
        assertThat(job.trace()).doesNotContain("\nnever\n");
    }

    @Test
    void killedWhileArtifactsOfAnEarlierJobAreFetched() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        StubJob earlier = stub.running(runner, StubPayload.job(7, "earlier"));
        stub.next(StubEndpoint.DOWNLOAD, new StubFault.Held(gate));
        StubJob job = stub.enqueue(runner, job("echo never").dependency(earlier, 10));
        asked(StubEndpoint.DOWNLOAD);
        killAndStartAgain();
        gate.countDown();
        lost(job);
        assertThat(job.trace()).doesNotContain("\nnever\n");
        assertThat(files(".spool")).isEmpty();
    }

    @Test
    void killedWhileItsArtifactsAreSent() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        StubPayload payload = job("echo x >kept");
        payload.artifact("archive", "zip", "kept");
        stub.next(StubEndpoint.UPLOAD, new StubFault.Held(gate));
        StubJob job = stub.enqueue(runner, payload);
        asked(StubEndpoint.UPLOAD);
        killAndStartAgain();
        gate.countDown();
        lost(job);
    }

    @Test
    void killedWhileItsCacheIsSaved() throws Exception {
        StubPayload payload =
                job("head -c 60000000 /dev/urandom >large")
                        .variable("CACHE_COMPRESSION_LEVEL", "slowest");
        payload.cache("large", "large");
        StubJob job = stub.enqueue(runner, payload);
        Eventually.holds("a cache is written", SOON, () -> !files(".draft").isEmpty());
        killAndStartAgain();
        lost(job);
        assertThat(files(".zip")).as("half a cache is none").isEmpty();
    }

    /** It waits for its cache because that is a pipe that nobody writes into. */
    @Test
    void killedWhileItsCacheIsRestored() throws Exception {
        StubPayload saving = job(7, "echo x >kept");
        saving.cache("kept", "kept").put("policy", "push");
        StubJob saved = stub.enqueue(runner, saving);
        Eventually.holds("a cache", SOON, () -> saved.status() == StubJob.Status.SUCCESS);
        Path cache = files(".zip").getFirst();
        Files.delete(cache);
        Engine.Programs.output(new ProcessBuilder("mkfifo", cache.toString()));
        StubPayload payload = job("echo never");
        payload.cache("kept", "kept").put("policy", "pull");
        StubJob job = stub.enqueue(runner, payload);
        traced(job, "Checking cache for kept...");
        killAndStartAgain();
        lost(job);
        assertThat(job.trace()).doesNotContain("\nnever\n");
    }

    @Test
    void killedWhileTheServerCannotTakeTheEnd() throws Exception {
        StubJob job =
                stub.enqueue(
                        runner, job("echo READY", "sleep 4", "echo printed in vain", "exit 9"));
        traced(job, "READY\n");
        stub.outage(StubFault.html(502));
        Path note = installation.state().resolve("gitlab/jobs/stub-1.json");
        Eventually.holds(
                "the end is noted", SOON, () -> Files.readString(note).contains("\"end\""));
        killAndStartAgain();
        stub.healthy();
        over(job);

        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.failureReason()).isEqualTo("script_failure");
        assertThat(job.exitCode()).isEqualTo(9);
        assertThat(job.trace()).contains("printed in vain\n");
    }

    private static StubPayload job(String... script) {
        return job(1, script);
    }

    private static StubPayload job(long id, String... script) {
        StubPayload payload =
                StubPayload.job(id, "test").variable("GIT_STRATEGY", "none").script(script);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        return payload;
    }

    private void killAndStartAgain() throws IOException, InterruptedException {
        daemon.kill();
        daemon = MayflyProcess.daemon(installation);
    }

    private void asked(StubEndpoint endpoint) throws InterruptedException {
        Eventually.holds("the server is asked", SOON, () -> !stub.requests(endpoint).isEmpty());
    }

    /** Everything below the state directory with such an ending. */
    private List<Path> files(String ending) throws IOException {
        try (Stream<Path> files = Files.walk(installation.state())) {
            return files.filter(file -> file.toString().endsWith(ending)).toList();
        }
    }

    private static void traced(StubJob job, String text) throws InterruptedException {
        Eventually.holds(text, SOON, () -> job.trace().contains(text));
    }

    private void lost(StubJob job) throws Exception {
        over(job);
        assertThat(job.failureReason()).isEqualTo("runner_system_failure");
        assertThat(job.trace()).contains("the job was lost");
    }

    private void over(StubJob job) throws Exception {
        Eventually.holds("an end", SOON, () -> job.status() == StubJob.Status.FAILED);
        assertThat(job.recordedFinals()).isEqualTo(1);
        Eventually.holds(
                "nothing is noted any more",
                SOON,
                () -> {
                    try (Stream<Path> notes =
                            Files.list(installation.state().resolve("gitlab/jobs"))) {
                        return notes.findAny().isEmpty();
                    }
                });
        assertThat(engine.containersOf("stub-" + job.id())).isEmpty();
    }
}
