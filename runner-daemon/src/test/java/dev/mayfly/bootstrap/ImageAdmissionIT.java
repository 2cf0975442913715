package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.TestRegistry;
import dev.mayfly.job.JobId;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs whose images their pool does not take, from a GitLab server's queue to the access log of a
 * real registry: it is not asked. Needs an engine on this host, docker-registry and the agent
 * image.
 */
@Timeout(240)
class ImageAdmissionIT {

    private static final Duration SOON = Duration.ofSeconds(90);

    @TempDir private Path directory;

    private TestRegistry registry;
    private GitLabStub stub;
    private StubRunner runner;
    private Installation installation;
    private @Nullable Daemon daemon;
    private Engine engine;
    private Engine.Happenings happenings;
    private String image = "";
    private long numbers = 7000;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        registry = new TestRegistry(Files.createDirectory(directory.resolve("r"))).start();
        image = registry.publish("team/app");
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        engine = new Engine();
        happenings = engine.listen();
    }

    private void daemon(String keys) throws IOException, InterruptedException {
        Files.writeString(
                installation.config(),
                Files.readString(installation.config())
                        .replace(
                                "{name: trusted,",
                                "{name: trusted, registry_logins: %s, %s,"
                                        .formatted(registry.logins(), keys)));
        installation.runner(stub, runner);
        daemon = Daemon.start(installation.settings());
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        if (daemon != null) {
            daemon.drain();
            daemon.close();
        }
        happenings.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
        stub.close();
        registry.close();
    }

    private StubPayload job(String name) {
        StubPayload payload = StubPayload.job(++numbers, "job");
        ((ObjectNode) payload.node().path("image")).put("name", name);
        return payload.variable("GIT_STRATEGY", "none").script("cat /name");
    }

    private StubJob ended(StubPayload payload) throws InterruptedException {
        StubJob job = stub.enqueue(runner, payload);
        Eventually.holds(
                "job " + job.id() + " ends",
                SOON,
                () ->
                        List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED)
                                .contains(job.status()));
        return job;
    }

    private void refused(StubPayload payload, String... words) throws Exception {
        List<String> before = registry.requests();
        int pulled = happenings.pulled().size();

        StubJob job = ended(payload);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.trace())
                .contains("the job was refused", "nothing was made, and nothing is left")
                .contains(words);
        assertThat(happenings.about("stub-" + job.id())).isEmpty();
        assertThat(happenings.pulled()).hasSize(pulled);
        assertThat(registry.requests()).isEqualTo(before);
    }

    @Test
    void refusedImageIsNotAskedForHoweverItIsWritten() throws Exception {
        daemon("allowed_images: ['%s/allowed/**']".formatted(registry.authority()));
        refused(job(image), "image is " + image, "[rule built-in/allowed-images]");
        refused(job(image.replace("127.0.0.1", "localhost")), "[rule built-in/allowed-images]");
        refused(
                job(registry.authority() + "/allowed/../team/app:1"),
                "in its path",
                "[rule built-in/image-names]");
        refused(
                job(registry.authority() + "/allowed/x@" + image),
                "which is no digest",
                "[rule built-in/image-names]");
        refused(job("$NOBODY/team/app:1"), "[rule built-in/image-names]");
        assertThat(explanation("stub-" + numbers))
                .contains("verdict:  denied")
                .containsPattern("applies +deny +built-in/image-names")
                .contains("looks at job.image, job.services");
    }

    @Test
    void tagIsRefusedWhereDigestsAreWantedAndTheDigestRuns() throws Exception {
        daemon("images: {require_digest: true, variables: refuse}");
        refused(
                job(image),
                "image is %s, and pool trusted takes images by their digest only".formatted(image),
                "[rule built-in/require-digest]");
        StubPayload service = job(registry.authority() + "/team/app@sha256:" + "0".repeat(64));
        service.node().withArray("services").addObject().put("name", image).put("alias", "db");
        refused(service, "services is " + image);
        refused(
                job("$WHERE@sha256:" + "0".repeat(64))
                        .variable("WHERE", registry.authority() + "/team/app"),
                "made of $WHERE, which a job can set",
                "[rule built-in/image-variables]");
        refused(
                job("$CI_REGISTRY_IMAGE@sha256:" + "0".repeat(64))
                        .variable("CI_REGISTRY_IMAGE", registry.authority() + "/team/app"),
                "made of $CI_REGISTRY_IMAGE, which a job can set");

        StubJob runs = ended(job(registry.authority() + "/team/app@" + registry.digest(image)));
        assertThat(runs.status()).as(runs.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(runs.trace()).contains("team/app\n");
    }

    @Test
    void commitThatRunsAgainGetsTheSameBytesAfterTheTagHasMoved() throws Exception {
        daemon("images: {pin: true}");
        StubJob first = ended(job(image));
        String digest = registry.digest(image);
        registry.publish("team/app", "moved");
        assertThat(registry.digest(image)).isNotEqualTo(digest);
        StubJob second = ended(job(image));

        assertThat(first.trace()).contains("team/app\n");
        assertThat(second.status()).as(second.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(second.trace()).contains("team/app\n", "@" + digest).doesNotContain("moved\n");
    }

    private String explanation(String job) {
        try (Desk desk = Desk.open(installation.settings())) {
            return desk.decisions().explanation(new JobId(job)).orElseThrow();
        }
    }
}
