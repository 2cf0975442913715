package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.TestRegistry;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs whose images a real registry gives to those with a login only, from each place in which a
 * login may be. Needs an engine on this host, docker-registry and the agent image.
 */
@Timeout(180)
class RegistryLoginsIT {

    private static final Duration SOON = Duration.ofSeconds(90);

    @TempDir private static Path directory;

    private static TestRegistry registry;
    private static GitLabStub stub;
    private static StubRunner runner;
    private static Installation installation;
    private static Engine engine;
    private static Daemon daemon;
    private static Path hosts;
    private static String image = "";
    private static final AtomicLong NUMBERS = new AtomicLong(3000);

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        registry = new TestRegistry(Files.createDirectory(directory.resolve("r"))).start();
        image = registry.publish("team/app");
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        hosts = Files.copy(registry.logins(), directory.resolve("hosts.json"));
        noLoginsOfTheHost();
        Files.writeString(
                installation.config(),
                Files.readString(installation.config())
                        .replace("name: trusted,", "name: trusted, registry_logins: hosts.json,"));
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
        stub.close();
        registry.close();
    }

    @AfterEach
    void forget() throws IOException, InterruptedException {
        noLoginsOfTheHost();
        registry.forget(image);
    }

    private static void noLoginsOfTheHost() throws IOException {
        Files.writeString(hosts, "{}");
    }

    @Test
    void jobsOwnVariableOpensTheRegistryAndIsSeenNowhere() throws Exception {
        String config = TestRegistry.config(registry.authority(), TestRegistry.PASSWORD);
        StubJob job =
                enqueue(
                        job("variable")
                                .variable("DOCKER_AUTH_CONFIG", config)
                                .script(
                                        "cat /name",
                                        "echo \"$DOCKER_AUTH_CONFIG\"",
                                        "echo READY; sleep 3"));
        Eventually.holds(
                "the script runs", SOON, () -> job.trace().contains("READY\n") || over(job));
        String inspected = inspected("stub-" + job.id());
        ended(job);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace())
                .contains("team/app\n")
                .contains(
                        "with the login for %s of the job's DOCKER_AUTH_CONFIG"
                                .formatted(registry.authority()))
                .containsPattern("image \\Q" + image + "\\E is .*@sha256:[0-9a-f]{64}");
        assertThat(inspected).isNotEmpty();
        for (String secret : secrets()) {
            assertThat(job.trace()).doesNotContain(secret);
            assertThat(inspected).doesNotContain(secret);
        }
    }

    @Test
    void loginOfTheServerOpensTheRegistry() throws Exception {
        StubPayload payload = job("server").script("cat /name");
        ((ArrayNode) payload.node().path("credentials"))
                .addObject()
                .put("type", "registry")
                .put("url", registry.authority())
                .put("username", TestRegistry.USER)
                .put("password", TestRegistry.PASSWORD);
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace()).contains("of the job's server");
    }

    @Test
    void loginsOfTheHostOpenTheRegistryForTheJobsOfThePoolAsSoonAsTheyAreThere() throws Exception {
        StubJob before = enqueue(job("before").script("cat /name"));
        ended(before);
        Files.copy(registry.logins(), hosts, StandardCopyOption.REPLACE_EXISTING);

        StubJob after = enqueue(job("after").script("cat /name"));
        ended(after);

        assertThat(before.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(after.status()).as(after.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(after.trace()).contains("of this host's configuration");
        for (String secret : secrets()) {
            assertThat(after.trace()).doesNotContain(secret);
        }
    }

    @Test
    void jobWithoutALoginIsToldWhatItLacksAndNotRetried() throws Exception {
        StubPayload payload =
                job("nobody")
                        .failureReasons(
                                "unknown_failure", "script_failure", "runner_configuration_error")
                        .script("echo never");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.failureReason()).isEqualTo("runner_configuration_error");
        assertThat(job.trace())
                .contains("image " + image + " could not be pulled from " + registry.authority())
                .contains("the registry wants a login, and there is none")
                .contains("DOCKER_AUTH_CONFIG")
                .doesNotContain("trying again", "\nnever\n");
    }

    @Test
    void registryThatIsDownIsTriedAgainAndIsNobodysConfiguration() throws Exception {
        StubPayload payload =
                job("down")
                        .failureReasons(
                                "unknown_failure",
                                "script_failure",
                                "runner_system_failure",
                                "runner_external_dependency_failure")
                        .script("echo never");
        ((ObjectNode) payload.node().path("image")).put("name", "127.0.0.1:1/team/app:1");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.failureReason()).isEqualTo("runner_external_dependency_failure");
        assertThat(job.trace()).contains("attempt 3 of 3", "the registry cannot be reached");
    }

    @Test
    void variableThatIsNoJsonIsToldAndTheJobGoesOn() throws Exception {
        StubPayload payload =
                job("broken").variable("DOCKER_AUTH_CONFIG", "{s3cr3t").script("echo done");
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace())
                .contains("goes on without this: DOCKER_AUTH_CONFIG, which is not JSON, at line 1")
                .doesNotContain("s3cr3t");
    }

    private static List<String> secrets() {
        return List.of(
                TestRegistry.PASSWORD,
                TestRegistry.encoded(TestRegistry.PASSWORD),
                Base64.getEncoder().encodeToString(TestRegistry.PASSWORD.getBytes(UTF_8)));
    }

    private static StubPayload job(String name) {
        StubPayload payload = StubPayload.job(NUMBERS.incrementAndGet(), name);
        ((ObjectNode) payload.node().path("image")).put("name", image);
        return payload.variable("GIT_STRATEGY", "none");
    }

    private static StubJob enqueue(StubPayload payload) {
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
