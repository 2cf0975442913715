package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadedConfigurationTest {

    private static final String TWO_POOLS =
            """
            daemon: {drain_timeout: 1m}
            pools:
              - {name: trusted, slots: 1, timeout: 10m}
              - {name: untrusted, allowed_images: [debian, alpine]}
            """;

    @TempDir private Path folder;

    private LoadedConfiguration read(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("mayfly.yaml"), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return LoadedConfiguration.of(file, new Environment(Map.of(), Path.of("/root"), true));
    }

    @Test
    void nothingHasChangedInTheSameText() throws Exception {
        LoadedConfiguration before = read(TWO_POOLS);

        assertThat(before.changedTo(before.again())).isEmpty();
    }

    @Test
    void changedAddedAndRemovedKeysAreNamedByTheirPool() throws Exception {
        LoadedConfiguration before = read(TWO_POOLS);
        LoadedConfiguration now =
                read(
                        """
                        daemon: {drain_timeout: 2m}
                        pools:
                          - {name: trusted, timeout: 11m, slots: 1, memory: 1GiB}
                          - {name: untrusted}
                        """);

        assertThat(before.changedTo(now))
                .containsExactly(
                        "daemon.drain_timeout",
                        "pools.trusted.memory",
                        "pools.trusted.timeout",
                        "pools.untrusted.allowed_images");
        assertThat(now.settings().daemon().drainTimeout()).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void commentsAndTheOrderOfKeysChangeNothing() throws Exception {
        LoadedConfiguration before = read(TWO_POOLS);
        LoadedConfiguration now =
                read(
                        """
                        # a comment
                        pools:
                          - timeout: 10m
                            name: trusted
                            slots: 1
                          - {name: untrusted, allowed_images: [debian, alpine]}
                        daemon: {drain_timeout: 1m}
                        """);

        assertThat(before.changedTo(now)).isEmpty();
    }

    @Test
    void orderOfThePoolsIsAChangeOfItsOwn() throws Exception {
        LoadedConfiguration before = read("pools: [{name: a}, {name: b}]");

        assertThat(before.changedTo(read("pools: [{name: b}, {name: a}]")))
                .containsExactly("pools");
    }

    @Test
    void changedSecretIsNamedByItsKeyAlone() throws Exception {
        LoadedConfiguration before = read(withToken("first-value-of-the-token-32-bytes"));
        LoadedConfiguration now = read(withToken("other-value-of-the-token-32-bytes"));

        assertThat(before.changedTo(now)).containsExactly("api.token");
    }

    private static String withToken(String token) {
        return "api: {token: " + token + "}\npools: [{name: only}]\n";
    }

    @Test
    void mistakeIsNamedWithItsLineAndTheEarlierReadingStays() throws Exception {
        LoadedConfiguration before = read(TWO_POOLS);
        Files.writeString(
                folder.resolve("mayfly.yaml"), "pools:\n  - name: only\n    slots: none\n");

        assertThatThrownBy(before::again)
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("mayfly.yaml:3:")
                .hasMessageContaining("slots");
        assertThat(before.settings().pools()).hasSize(2);
    }

    @Test
    void configurationWithoutAFileStaysAsItIs() {
        MayflySettings settings =
                ConfigLoader.loadBuiltIn(new Environment(Map.of(), Path.of("/root"), true));
        LoadedConfiguration fixed = LoadedConfiguration.fixed(settings);

        assertThat(fixed.again()).isSameAs(fixed);
        assertThat(fixed.settings()).isSameAs(settings);
        assertThat(fixed.changedTo(fixed.again())).isEmpty();
    }
}
