package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.config.Environment;
import dev.mayfly.config.LoadedConfiguration;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReloadTest {

    private static final String POOLS =
            """
            pools:
              - {name: trusted, slots: 1, timeout: 2h}
              - {name: untrusted, slots: 2, timeout: 10m}
            """;

    @TempDir private Path folder;
    private LoadedConfiguration running;

    @BeforeEach
    void start() throws IOException {
        running = read(POOLS);
    }

    private LoadedConfiguration read(String text) throws IOException {
        return LoadedConfiguration.of(
                Files.writeString(folder.resolve("mayfly.yaml"), text),
                new Environment(Map.of(), Path.of("/root"), true));
    }

    private Reload to(String text) throws IOException {
        return Reload.of(running, running.settings(), read(text));
    }

    private static PoolSettings pool(MayflySettings settings, int index) {
        return settings.pools().get(index);
    }

    private static String untrusted(String keys) {
        return """
        pools:
          - {name: trusted, slots: 1, timeout: 2h}
          - {name: untrusted, slots: 2, timeout: 10m, %s}
        """
                .formatted(keys);
    }

    @Test
    void nothingChangesWithTheSameText() throws Exception {
        Reload reload = to(POOLS);

        assertThat(reload.live()).isEmpty();
        assertThat(reload.waiting()).isEmpty();
        assertThat(reload.settings()).isEqualTo(running.settings());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "memory: 1GiB",
                "cpus: 2",
                "disk: 1GiB",
                "files: 1000",
                "images: {require_digest: true}",
                "allowed_images: [\"debian:*\"]",
                "log_limit: 1MiB",
                "network: full",
                "image: debian",
                "user: image",
                "policy: {forks: deny}"
            })
    void whatAPoolGivesItsJobsAppliesToTheNext(String change) throws Exception {
        Reload reload = to(untrusted(change));

        assertThat(reload.waiting()).isEmpty();
        assertThat(reload.live()).isNotEmpty().allMatch(key -> key.startsWith("pools.untrusted."));
        assertThat(pool(reload.settings(), 1)).isNotEqualTo(pool(running.settings(), 1));
        assertThat(pool(reload.settings(), 0)).isEqualTo(pool(running.settings(), 0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "runtime: runsc",
                "user_namespace: true",
                "apparmor_profile: mayfly-job",
                "engine: {host: \"unix:///run/other.sock\"}",
                "protected: true",
                "masking: {off: [base64]}"
            })
    void whatThePartsWereMadeWithWaitsForARestart(String change) throws Exception {
        Reload reload = to(untrusted(change));

        assertThat(reload.live()).isEmpty();
        assertThat(reload.waiting())
                .isNotEmpty()
                .allMatch(key -> key.startsWith("pools.untrusted."));
        assertThat(reload.settings()).isEqualTo(running.settings());
    }

    @Test
    void changeThatCannotWaitForAnotherWaitsWithIt() throws Exception {
        Reload reload = to(POOLS.replace("slots: 2, timeout: 10m", "slots: 3, timeout: 11m"));

        assertThat(reload.live()).isEmpty();
        assertThat(reload.waiting())
                .containsExactly("pools.untrusted.slots", "pools.untrusted.timeout");
        assertThat(reload.settings()).isEqualTo(running.settings());
    }

    @Test
    void onePoolDoesNotWaitForAnother() throws Exception {
        Reload reload =
                to(POOLS.replace("slots: 1", "slots: 5").replace("timeout: 10m", "timeout: 9m"));

        assertThat(reload.live()).containsExactly("pools.untrusted.timeout");
        assertThat(reload.waiting()).containsExactly("pools.trusted.slots");
        assertThat(pool(reload.settings(), 0).slots()).isEqualTo(1);
        assertThat(pool(reload.settings(), 1).terms().timeout()).isEqualTo(Duration.ofMinutes(9));
    }

    @Test
    void jobsMayNotBecomeLongerThanTheirContainersLive() throws Exception {
        assertThat(to(POOLS.replace("timeout: 10m", "timeout: 3h")).waiting())
                .containsExactly("pools.untrusted.timeout");
        assertThat(to(POOLS.replace("timeout: 10m", "timeout: 2h")).live())
                .containsExactly("pools.untrusted.timeout");
    }

    @Test
    void keysOutsideOfPoolsWait() throws Exception {
        Reload reload = to("daemon: {drain_timeout: 1m}\n" + POOLS);

        assertThat(reload.live()).isEmpty();
        assertThat(reload.waiting()).containsExactly("daemon.drain_timeout");
        assertThat(reload.settings()).isEqualTo(running.settings());
    }

    @ParameterizedTest
    @ValueSource(strings = {"agent: {image: other/agent}", "engine: {call_timeout: 5s}"})
    void whatPoolsTakeTheirDefaultsFromDoesNotSlipIntoThem(String change) throws Exception {
        Reload reload = to(change + "\n" + POOLS.replace("timeout: 10m", "timeout: 9m"));

        assertThat(reload.live()).isEmpty();
        assertThat(reload.waiting()).hasSize(2).contains("pools.untrusted.timeout");
        assertThat(reload.settings()).isEqualTo(running.settings());
    }

    @Test
    void addedAndRemovedPoolsWait() throws Exception {
        Reload added = to(POOLS + "  - {name: more}\n");
        assertThat(added.waiting()).containsExactly("pools", "pools.more.name");
        assertThat(added.settings()).isEqualTo(running.settings());

        Reload removed = to("pools: [{name: trusted, slots: 1, timeout: 2h}]");
        assertThat(removed.waiting()).contains("pools", "pools.untrusted.timeout");
        assertThat(removed.settings()).isEqualTo(running.settings());
    }

    @Test
    void changeThatIsTakenBackIsUndone() throws Exception {
        Reload first = to(untrusted("memory: 1GiB"));
        Reload second = Reload.of(running, first.settings(), read(POOLS));

        assertThat(second.live()).isEmpty();
        assertThat(second.settings()).isEqualTo(running.settings());
    }

    @Test
    void earlierChangeStaysWhileALaterOneWaits() throws Exception {
        Reload first = to(untrusted("memory: 1GiB"));
        Reload second =
                Reload.of(
                        running,
                        first.settings(),
                        read(untrusted("memory: 1GiB").replace("slots: 2", "slots: 4")));

        assertThat(List.copyOf(second.waiting()))
                .containsExactly("pools.untrusted.memory", "pools.untrusted.slots");
        assertThat(second.settings()).isEqualTo(first.settings());
    }
}
