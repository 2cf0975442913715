package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * What a job of the lowest pool caches for one of the highest to find: the same project, the same
 * key, the same host. Needs an engine on this host, the docker command line and the agent image.
 */
@Timeout(240)
class AttackOnCachesIT {

    private static final Duration SOON = Duration.ofMinutes(2);

    /** Names that would lead elsewhere if a key were a path, or part of one. */
    private static final List<String> KEYS =
            List.of(
                    "deps-1-protected",
                    "../trusted/deps-1-protected",
                    "../../cache/trusted/deps-1-protected",
                    "/etc/deps",
                    "trusted",
                    "%2e%2e%2ftrusted");

    @TempDir private static Path directory;

    private static Installation installation;
    private static GitLabStub stub;
    private static StubRunner release;
    private static StubRunner forks;
    private static Daemon daemon;
    private static Engine engine;
    private static final AtomicLong NUMBERS = new AtomicLong(5000);

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        stub = GitLabStub.start();
        release = stub.runner();
        forks = stub.runner();
        installation = new Installation(directory, 2, "drain_timeout: 1s");
        installation.runner(stub, release, "release", "trusted");
        installation.runner(stub, forks, "forks", "untrusted");
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
    }

    @Test
    void cacheOfTheLowestPoolIsNeverFoundInTheHighestWhateverItIsCalled() throws Exception {
        for (String key : KEYS) {
            StubJob attacker =
                    ended(forks, cached("poison", key, "mkdir -p deps; echo poisoned >deps/tool"));
            assertThat(attacker.trace()).as(key).contains("Created cache");
            assertThat(attacker.status()).isEqualTo(StubJob.Status.SUCCESS);
        }
        for (String key : KEYS) {
            StubJob found = ended(forks, cached("found", key, "cat deps/tool"));
            assertThat(found.trace())
                    .as("the attacker finds its own")
                    .contains("Restored cache", "\npoisoned\n");
        }

        StubJob above = ended(forks, cached("above", "..", "mkdir deps; echo poisoned >deps/tool"));
        assertThat(above.trace()).contains("a cache whose key is empty").doesNotContain("Created");

        StubJob victim =
                ended(
                        release,
                        cached("victim", KEYS.getFirst(), "test ! -e deps && echo unharmed")
                                .variable("CI_JOB_NAME", "victim"));
        StubJob other = ended(release, cached("other", "trusted", "test ! -e deps"));

        assertThat(victim.trace()).contains("No cache is there yet", "unharmed\n");
        assertThat(other.trace()).contains("No cache is there yet");
    }

    @Test
    void cacheOfTheHighestPoolIsNeitherReadNorReplacedByTheLowest() throws Exception {
        String key = "tools-1-protected";
        ended(release, cached("filling", key, "mkdir -p deps; echo genuine >deps/tool"));

        StubJob thief =
                ended(
                        forks,
                        cached("thief", key, "test ! -e deps; mkdir deps; echo evil >deps/tool"));
        StubJob again = ended(release, cached("again", key, "cat deps/tool"));

        assertThat(thief.trace()).contains("No cache is there yet", "Created cache " + key);
        assertThat(again.trace())
                .contains("Restored cache " + key, "\ngenuine\n")
                .doesNotContain("evil\n");
    }

    @Test
    void filesOfCachesLieInTheDirectoryOfTheirPoolOnly() throws Exception {
        ended(forks, cached("poison", "../../../../x", "mkdir -p deps; echo poisoned >deps/tool"));

        try (Stream<Path> files = Files.walk(installation.state())) {
            List<String> zips =
                    files.map(file -> installation.state().relativize(file).toString())
                            .filter(name -> name.endsWith(".zip"))
                            .toList();
            assertThat(zips)
                    .isNotEmpty()
                    .allMatch(name ->
                            name.matches(
                                    "cache/(trusted|untrusted)/[0-9a-f]{64}/[0-9a-f]{64}\\.[0-9a-f]{64}\\.zip"));
        }
    }

    /** The archive that a later job unpacks holds what the earlier one's links are, not lead to. */
    @Test
    void linksAndSpecialFilesInACacheBringNothingOfTheHost() throws Exception {
        StubJob attacker =
                ended(
                        forks,
                        cached(
                                "links",
                                "links",
                                "mkdir -p deps; cd deps",
                                "ln -s /etc/passwd passwd; ln -s /run/secrets secrets; ln -s /proc/1/root root; ln -s ../../.. up",
                                "mkfifo pipe; (ln /etc/passwd hard || echo 'no hard link') 2>&1",
                                "touch suid; chmod 6755 suid"));
        assertThat(attacker.trace())
                .contains("no hard link", "1 pipes, sockets or devices are left out");

        StubJob later =
                ended(
                        forks,
                        cached(
                                "later",
                                "links",
                                "readlink deps/passwd deps/secrets deps/root deps/up",
                                "test ! -e deps/pipe; stat -c 'mode %a' deps/suid"));
        assertThat(later.trace())
                .contains("/etc/passwd\n", "/run/secrets\n", "/proc/1/root\n", "mode 755\n");
        assertThat(later.status()).as(later.trace()).isEqualTo(StubJob.Status.SUCCESS);
    }

    private static StubPayload cached(String name, String key, String... script) {
        StubPayload payload =
                StubPayload.job(NUMBERS.incrementAndGet(), name)
                        .variable("GIT_STRATEGY", "none")
                        .script(script);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        payload.cache(key, "deps/");
        return payload;
    }

    private static StubJob ended(StubRunner runner, StubPayload payload)
            throws InterruptedException {
        StubJob job = stub.enqueue(runner, payload);
        Eventually.holds(
                "job " + job.id() + " ends",
                SOON,
                () ->
                        List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED)
                                .contains(job.status()));
        return job;
    }
}
