package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.Eventually;
import dev.mayfly.config.Environment;
import dev.mayfly.config.LoadedConfiguration;
import dev.mayfly.source.local.ApiProblemException;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.DaemonStatus;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.Operations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole daemon whose engine is away, operated through its API. */
@Timeout(60)
class DaemonTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir private Path folder;

    private Path configure(String pools) throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("mayfly.yaml"),
                        """
                        daemon: {state_dir: %1$s/state, drain_timeout: 2m}
                        engine: {host: "unix://%1$s/no-engine.sock"}
                        api: {listen: "unix:%1$s/api.sock"}
                        policy: {files: [%1$s/policy.yaml]}
                        pools:
                        %2$s
                        sources: {local: {feeds: [only], default: only}}
                        """
                                .formatted(folder, pools));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        if (Files.notExists(folder.resolve("policy.yaml"))) {
            Files.writeString(folder.resolve("policy.yaml"), "rules: []\n");
        }
        return file;
    }

    private Daemon start() throws IOException, InterruptedException {
        return Daemon.start(
                LoadedConfiguration.of(
                        configure("  - {name: only, slots: 3, timeout: 10m}"),
                        Environment.ofProcess()));
    }

    private LocalClient client(Daemon daemon) {
        return new LocalClient(daemon.endpoint(), ApiToken.read(folder.resolve("state/api.token")));
    }

    @Test
    void statusSaysWhyNoJobIsTaken() throws Exception {
        try (Daemon daemon = start();
                LocalClient client = client(daemon)) {
            DaemonStatus status = client.status();

            assertThat(status.health().notAlive()).isEmpty();
            assertThat(status.health().notReady())
                    .singleElement()
                    .asString()
                    .contains("no-engine.sock");
            assertThat(status.drained()).isNull();
            assertThat(status.pools())
                    .singleElement()
                    .satisfies(pool -> {
                        assertThat(pool.name()).isEqualTo("only");
                        assertThat(pool.slots()).isEqualTo(3);
                        assertThat(pool.jobs()).isEmpty();
                    });
            assertThat(daemon.summary()).contains("no-engine.sock").endsWith("running: 0");
            assertThat(daemon.notAlive()).isEmpty();
            assertThat(daemon.drainLimit()).isEqualTo(Duration.ofMinutes(3));
        }
    }

    @Test
    void drainedHostStaysDrainedOverARestartUntilItIsResumed() throws Exception {
        try (Daemon daemon = start();
                LocalClient client = client(daemon)) {
            assertThat(client.drain().drained()).isNotNull();
            Eventually.holds(
                    "no job may come",
                    LIMIT,
                    () -> client.status().pools().stream().noneMatch(DaemonStatus.Pool::claiming));
        }
        try (Daemon daemon = start();
                LocalClient client = client(daemon)) {
            assertThat(client.status().health().notReady())
                    .anyMatch(reason ->
                            reason.startsWith("drained since ") && reason.contains("resume"));
            assertThat(client.resume().drained()).isNull();
            Eventually.holds(
                    "jobs may come",
                    LIMIT,
                    () -> client.status().pools().stream().allMatch(DaemonStatus.Pool::claiming));
        }
    }

    @Test
    void reloadAppliesWhatItCanAndNamesTheRest() throws Exception {
        try (Daemon daemon = start();
                LocalClient client = client(daemon)) {
            configure("  - {name: only, slots: 3, timeout: 5m, memory: 1GiB}");

            assertThat(client.reload().live())
                    .containsExactly("pools.only.memory", "pools.only.timeout");

            configure("  - {name: only, slots: 4, timeout: 10m}");
            Operations.Reloading.Used second = client.reload();
            assertThat(second.live()).isEmpty();
            assertThat(second.waiting()).containsExactly("pools.only.slots");
            assertThat(client.status().pools().getFirst().slots()).isEqualTo(3);
        }
    }

    @Test
    void brokenConfigurationIsNamedWithItsLineAndChangesNothing() throws Exception {
        try (Daemon daemon = start();
                LocalClient client = client(daemon)) {
            configure("  - {name: only, slots: 3, timeout: soon}");

            ApiProblemException refused =
                    catchThrowableOfType(ApiProblemException.class, client::reload);
            assertThat(refused.kind()).isEqualTo(ApiProblemException.Kind.CONFIGURATION);
            assertThat(refused).hasMessageContaining("mayfly.yaml:6:").hasMessageContaining("soon");
            assertThat(daemon.reload()).isInstanceOf(Operations.Reloading.Refused.class);
            assertThat(client.status().health().notAlive()).isEmpty();

            configure("  - {name: only, slots: 3, timeout: 9m}");
            assertThat(client.reload().live()).containsExactly("pools.only.timeout");
        }
    }

    @Test
    void brokenPolicyIsNamedAndTheLastOneStays() throws Exception {
        try (Daemon daemon = start()) {
            Files.writeString(folder.resolve("policy.yaml"), "rules:\n  - nonsense\n");

            assertThat(daemon.reload())
                    .isInstanceOfSatisfying(
                            Operations.Reloading.Refused.class,
                            refused -> assertThat(refused.because()).contains("policy.yaml:2:"));
        }
    }

    @Test
    void idleDaemonDrainsAtOnce() throws Exception {
        try (Daemon daemon = start()) {
            assertThat(daemon.drain()).isTrue();
            assertThat(daemon.summary()).startsWith("draining");
            assertThat(daemon.notAlive()).isEmpty();
        }
    }
}
