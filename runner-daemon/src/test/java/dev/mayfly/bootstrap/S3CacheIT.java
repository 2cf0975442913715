package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.artifacts.s3.S3Server;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import dev.mayfly.source.local.LocalSourceSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs whose caches are in a real S3 server, which two hosts share. Needs an engine on this host,
 * the docker command line and the agent image.
 */
@Timeout(300)
class S3CacheIT {

    private static final Duration SOON = Duration.ofMinutes(2);
    private static final AtomicLong NUMBERS = new AtomicLong(4000);

    @TempDir private static Path directory;

    private static S3Server server;
    private static GitLabStub stub;
    private static Host first;
    private static Host second;

    /** A daemon with a runner, and what it has on its disk. */
    private record Host(
            Path home,
            MayflySettings settings,
            StubRunner runner,
            StubRunner forks,
            Daemon daemon) {

        static Host start(String name) throws IOException, InterruptedException {
            Path own = Files.createDirectory(directory.resolve(name));
            Installation installation = new Installation(own, 1, "drain_timeout: 1s");
            StubRunner runner = stub.runner();
            installation.runner(stub, runner);
            StubRunner forks = stub.runner();
            installation.runner(stub, forks, "forks", "untrusted");
            Files.writeString(
                    installation.config(),
                    """
                    cache:
                      store: s3
                      s3:
                        endpoint: "%s"
                        bucket: %s
                        prefix: shared
                        access_key_file: "%s"
                        secret_key_file: "%s"
                    """
                            .formatted(
                                    server.endpoint(),
                                    S3Server.BUCKET,
                                    server.accessKeyFile(),
                                    server.secretKeyFile()),
                    StandardOpenOption.APPEND);
            MayflySettings settings = installation.settings();
            return new Host(own, settings, runner, forks, Daemon.start(settings));
        }

        StubJob run(StubPayload payload) throws InterruptedException {
            return run(runner, payload);
        }

        StubJob run(StubRunner by, StubPayload payload) throws InterruptedException {
            StubJob job = stub.enqueue(by, payload);
            Eventually.holds(
                    "job " + job.id() + " ends",
                    SOON,
                    () ->
                            List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED)
                                    .contains(job.status()));
            return job;
        }

        void stop() throws IOException, InterruptedException {
            daemon.drain();
            daemon.close();
        }
    }

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.start(Files.createDirectory(directory.resolve("s3")));
        stub = GitLabStub.start();
        first = Host.start("a");
        second = Host.start("b");
    }

    @AfterAll
    static void stop() throws Exception {
        first.stop();
        second.stop();
        assertNoKeyOnDisk();
        stub.close();
        server.close();
    }

    @Test
    void whatAJobOfOneHostHasCachedAJobOfAnotherFinds() throws Exception {
        StubJob filling =
                first.run(cached("filling", "mkdir -p deps; echo by-the-first >deps/who"));

        assertThat(filling.trace())
                .contains("Checking cache for deps-1-non_protected, deps-0-non_protected...")
                .contains("No cache is there yet")
                .contains("Created cache deps-1-non_protected");
        assertThat(server.objects())
                .isNotEmpty()
                .allMatch(name ->
                        name.matches("shared/(trusted|untrusted)/[0-9a-f]{64}/[0-9a-f]{64}"));
        StubJob using = second.run(cached("using", "cat deps/who"));

        assertThat(using.trace()).contains("Restored cache deps-1-non_protected", "by-the-first\n");
        assertThat(using.status()).as(using.trace()).isEqualTo(StubJob.Status.SUCCESS);
        StubJob third = first.run(inProject(8, cached("other", "test ! -e deps")));

        assertThat(third.trace()).contains("No cache is there yet");
    }

    @Test
    void cacheOfALowerPoolIsAnotherOneInTheSameBucket() throws Exception {
        StubPayload genuine =
                inProject(11, cached("genuine", "mkdir deps; echo genuine >deps/tool"));
        StubPayload poison =
                inProject(11, cached("poison", "test ! -e deps; mkdir deps; echo evil >deps/tool"));
        first.run(genuine);

        StubJob attacker = second.run(second.forks(), poison);
        StubJob victim = second.run(inProject(11, cached("victim", "cat deps/tool")));

        assertThat(attacker.trace()).contains("No cache is there yet", "Created cache");
        assertThat(victim.trace()).contains("\ngenuine\n").doesNotContain("evil\n");
        assertThat(server.objects()).anyMatch(name -> name.startsWith("shared/untrusted/"));
    }

    private static StubPayload inProject(int project, StubPayload payload) {
        ((ObjectNode) payload.node().path("job_info")).put("project_id", project);
        return payload;
    }

    @Test
    void cacheWithASecretIsNotSaved() throws Exception {
        List<String> before = server.objects();
        StubPayload payload =
                cached("leaking", "mkdir deps; printf %s \"$DB_PASSWORD\" >deps/config")
                        .variable("DB_PASSWORD", "s3cr3t-value", "masked raw");
        StubJob job = first.run(inProject(9, payload));

        assertThat(job.trace()).contains("deps/config holds the value of DB_PASSWORD");
        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(server.objects()).isEqualTo(before);
    }

    @Test
    void jobGoesOnWhereTheStoreCannotBeUsed() throws Exception {
        Path secret = server.secretKeyFile();
        Files.writeString(secret, "not-the-right-one");
        StubJob job;
        try {
            job = first.run(cached("going on", "test ! -e deps; mkdir deps; echo x >deps/x"));
        } finally {
            Files.writeString(secret, S3Server.SECRET_KEY);
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        }

        assertThat(job.trace())
                .contains("cache deps-1-non_protected was not restored: s3://ci-cache/shared at")
                .contains("check cache.s3.secret_key_file")
                .contains("cache deps-1-non_protected was not saved: ")
                .doesNotContain("not-the-right-one");
        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void doctorTriesTheBucketWhileTheDaemonRuns() throws Exception {
        List<String> before = server.objects();
        try (Assembly parts = Assembly.open(first.settings(), LocalSourceSettings.Queue.PRIVATE)) {
            assertThat(parts.examineCaches())
                    .hasValueSatisfying(report -> assertThat(report.troubles()).isEmpty());
        }

        assertThat(server.objects()).isEqualTo(before);
    }

    /** Neither the receipt nor the journal nor a kept log has a key of the store. */
    private static void assertNoKeyOnDisk() throws IOException {
        for (Host host : List.of(first, second)) {
            try (Stream<Path> files = Files.walk(host.home().resolve("state"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    assertThat(new String(Files.readAllBytes(file), ISO_8859_1))
                            .as(file.toString())
                            .doesNotContain(S3Server.SECRET_KEY, S3Server.ACCESS_KEY);
                }
            }
        }
    }

    private static StubPayload cached(String name, String... script) {
        StubPayload payload =
                StubPayload.job(NUMBERS.incrementAndGet(), name)
                        .variable("GIT_STRATEGY", "none")
                        .script(script);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        payload.cache("deps-1-non_protected", "deps/")
                .putArray("fallback_keys")
                .add("deps-0-non_protected");
        return payload;
    }
}
