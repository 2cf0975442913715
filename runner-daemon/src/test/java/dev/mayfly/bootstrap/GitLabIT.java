package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ordinary jobs of a pipeline, from a GitLab server's queue to its final state. The server is a
 * stub that keeps to the protocol to the letter; repositories come from git's own HTTP server.
 * Needs an engine on this host, the docker command line and the agent image.
 */
@Timeout(180)
class GitLabIT {

    private static final Duration SOON = Duration.ofSeconds(90);

    @TempDir private static Path directory;

    private static Installation installation;
    private static GitLabStub stub;
    private static StubRunner runner;
    private static GitHttpServer git;
    private static Daemon daemon;
    private static Engine engine;
    private static String commit = "";
    private static final AtomicLong NUMBERS = new AtomicLong(1000);

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        stub = GitLabStub.start();
        runner = stub.runner();
        git = new GitHttpServer(Files.createDirectory(directory.resolve("git")));
        commit = git.repository("demo", "greeting.txt", "hello from the repository\n");
        installation = new Installation(directory, 2, "drain_timeout: 1s");
        installation.runner(stub, runner);
        engine = new Engine();
        daemon = Daemon.start(installation.settings());
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        daemon.drain();
        daemon.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
        git.close();
        stub.close();
    }

    @Test
    void ordinaryJobRunsAsItDidAtGitLabsOwnRunner() throws Exception {
        StubPayload payload =
                job("test")
                        .variable("DB_PASSWORD", "s3cr3t-value", "masked raw")
                        .variable("KUBECONFIG", "line1\nline2\n", "file")
                        .variable("GREETING", "<$CI_JOB_NAME>", "public")
                        .variable("CI_JOB_NAME", "test", "public")
                        .script(
                                "cat greeting.txt",
                                "echo \"greeting $GREETING in $PWD = $CI_PROJECT_DIR\"",
                                "echo \"password $DB_PASSWORD\"",
                                "printf %s \"$DB_PASSWORD\" | base64",
                                "echo \"file $KUBECONFIG\"; cat \"$KUBECONFIG\"",
                                "git rev-parse HEAD",
                                "cat .git/config; git log --oneline",
                                "echo READY; sleep 5",
                                "export LOST=1; exit 3")
                        .afterScript("echo \"after $CI_JOB_STATUS ${LOST:-nothing} $DB_PASSWORD\"");
        StubJob job = enqueue(payload);
        Eventually.holds(
                "the script runs", SOON, () -> job.trace().contains("READY\n") || over(job));
        assertThat(job.trace()).contains("READY\n");
        String inspected = inspected("stub-" + job.id());
        ended(job);

        String trace = job.trace();
        assertThat(trace)
                .contains("hello from the repository\n")
                .contains("greeting <test> in /workspace/src = /workspace/src\n")
                .contains("password [MASKED]\n")
                .contains("file /run/secrets/KUBECONFIG\nline1\nline2\n")
                .contains("Checking out " + commit.substring(0, 8) + " as detached HEAD")
                .contains("\n" + commit + "\n")
                .contains("after failed nothing [MASKED]\n")
                .containsSubsequence(
                        "section_start:",
                        "prepare_executor_",
                        "section_end:",
                        "get_sources_",
                        "step_script_",
                        "after_script_",
                        "teardown_",
                        "destroyed and looked for again: ",
                        "nothing is left")
                .doesNotContain(
                        "s3cr3t-value",
                        job.token(),
                        Base64.getEncoder().encodeToString("s3cr3t-value".getBytes(UTF_8)));
        assertThat(job.status()).as(trace).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.failureReason()).isEqualTo("script_failure");
        assertThat(job.exitCode()).isEqualTo(3);
        assertThat(inspected)
                .contains(installation.daemonId())
                .doesNotContain("s3cr3t-value", job.token());
        assertThat(git.asked()).isNotEmpty().noneMatch(line -> line.contains(job.token()));
    }

    @Test
    void submoduleIsFetchedWithTheJobsTokenToo() throws Exception {
        git.repository("library", "lib.txt", "of the library\n");
        git.repository("app", "app.txt", "of the application\n");
        String withModule = git.withSubmodule("app", "library", "../library.git");
        StubPayload payload =
                job("sub")
                        .variable("GIT_SUBMODULE_STRATEGY", "recursive")
                        .script("cat app.txt library/lib.txt");
        at(payload, "app", withModule);
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.trace())
                .contains("of the application\nof the library\n")
                .doesNotContain(job.token());
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void hooksRunAroundTheFetchingOfTheSources() throws Exception {
        StubPayload payload = job("hooks").variable("WORD", "s3cr3t-value", "masked");
        ArrayNode hooks = payload.node().putArray("hooks");
        hooks.addObject()
                .put("name", "pre_get_sources_script")
                .putArray("script")
                .add("test ! -e greeting.txt && echo \"before $WORD\"");
        hooks.addObject()
                .put("name", "post_get_sources_script")
                .putArray("script")
                .add("cp greeting.txt copy.txt");
        payload.script("cat copy.txt");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.trace())
                .contains("before [MASKED]\n", "hello from the repository\n")
                .doesNotContain("s3cr3t-value");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void serviceIsReachedByEachOfItsNames() throws Exception {
        StubPayload payload =
                job("service")
                        .variable("GIT_STRATEGY", "none")
                        .script(
                                "for name in db store; do getent hosts $name >/dev/null"
                                        + " && echo \"found $name\"; done");
        ObjectNode service = payload.node().putArray("services").addObject();
        service.put("name", Installation.AGENT_IMAGE).put("alias", "db,store");
        service.putArray("entrypoint").add("sleep");
        service.putArray("command").add("600");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.trace()).contains("found db\nfound store\n");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void jobThatIsCancelledAtTheServerStillRunsItsAfterScript() throws Exception {
        StubJob job =
                enqueue(
                        job("cancelled")
                                .variable("GIT_STRATEGY", "none")
                                .script("echo READY", "sleep 600")
                                .afterScript("echo \"after $CI_JOB_STATUS\""));
        Eventually.holds("the script runs", SOON, () -> job.trace().contains("READY\n"));
        job.cancel();
        ended(job);

        assertThat(job.trace()).contains("after canceled\n");
        assertThat(job.status()).isEqualTo(StubJob.Status.CANCELED);
    }

    @Test
    void jobThatTakesTooLongAltogetherIsTimedOut() throws Exception {
        StubPayload payload =
                job("slow")
                        .variable("GIT_STRATEGY", "none")
                        .script("echo READY", "sleep 600")
                        .afterScript("echo never");
        ((ObjectNode) payload.node().path("runner_info")).put("timeout", 8);
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.failureReason()).as(job.trace()).isEqualTo("job_execution_timeout");
        assertThat(job.trace()).contains("its limit is 8 s").doesNotContain("\nnever\n");
    }

    @Test
    void maskedVariableThatIsTooShortIsToldByItsName() throws Exception {
        StubJob job =
                enqueue(
                        job("short")
                                .variable("GIT_STRATEGY", "none")
                                .variable("PIN", "4711", "masked")
                                .script("echo done"));
        ended(job);

        assertThat(job.trace()).containsPattern("a masked variable is visible.*PIN.*4 bytes");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void sourcesThatCannotBeFetchedAreNamedAsSuch() throws Exception {
        StubPayload payload = job("lost").script("echo never").afterScript("echo neither");
        at(payload, "no-such-repository", commit);
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.trace())
                .contains("the sources could not be fetched")
                .doesNotContain("\nnever\n", "\nneither\n", job.token());
        assertThat(job.failureReason()).isEqualTo("runner_system_failure");
    }

    @Test
    void sourcesThatTheJobsTokenDoesNotOpenAreNamedAsSuch() throws Exception {
        StubPayload payload = job("locked").script("echo never");
        StubJob job = stub.enqueue(runner, payload); // nobody lets its token in
        ended(job);

        assertThat(job.trace())
                .contains("the sources could not be fetched")
                .doesNotContain("\nnever\n", job.token());
        assertThat(job.failureReason()).isEqualTo("runner_system_failure");
    }

    private static StubPayload job(String name) throws SocketException {
        StubPayload payload = StubPayload.job(NUMBERS.incrementAndGet(), name);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        at(payload, "demo", commit);
        return payload;
    }

    private static void at(StubPayload payload, String repository, String sha)
            throws SocketException {
        ObjectNode info = (ObjectNode) payload.node().path("git_info");
        info.put(
                "repo_url",
                "http://gitlab-ci-token:%s@%s/%s.git"
                        .formatted(
                                payload.node().path("token").asText(),
                                git.authority(),
                                repository));
        info.put("sha", sha);
    }

    private static StubJob enqueue(StubPayload payload) {
        String token = payload.node().path("token").asText();
        git.allow(token);
        ((ArrayNode) payload.node().path("variables"))
                .addObject()
                .put("key", "CI_JOB_TOKEN")
                .put("value", token)
                .put("masked", true);
        return stub.enqueue(runner, payload);
    }

    private static void ended(StubJob job) throws InterruptedException {
        Eventually.holds("job " + job.id() + " ends", SOON, () -> over(job));
    }

    private static boolean over(StubJob job) {
        return List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED, StubJob.Status.CANCELED)
                .contains(job.status());
    }

    private static String inspected(String job) throws IOException, InterruptedException {
        StringBuilder all = new StringBuilder();
        for (String container : engine.containersOf(job)) {
            all.append(Engine.docker("inspect", container));
        }
        return all.toString();
    }
}
