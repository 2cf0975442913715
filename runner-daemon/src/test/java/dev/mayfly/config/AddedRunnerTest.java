package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.PoolName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A few more lines, and every other one as it was. */
class AddedRunnerTest {

    private static final Environment NOBODY = new Environment(Map.of(), Path.of("/root"), true);
    private static final String POOLS =
            "pools: # by trust\n  - name: one\n\n  # the rest\n  - name: two\n";

    @TempDir private Path directory;

    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of(
                        "no sources",
                        POOLS,
                        POOLS
                                + "\nsources:\n  gitlab:\n    - name: shop\n      url: https://g.example\n      pool: two\n"),
                Arguments.of(
                        "no line end",
                        "pools: [{name: two}]",
                        "pools: [{name: two}]\n\nsources:\n  gitlab:\n    - name: shop\n      url: https://g.example\n      pool: two\n"),
                Arguments.of(
                        "empty sources",
                        "sources: # none yet\n# comment\n" + POOLS,
                        "sources: # none yet\n  gitlab:\n    - name: shop\n      url: https://g.example\n      pool: two\n# comment\n"
                                + POOLS),
                Arguments.of(
                        "other sources",
                        "sources:\n    local:\n        max_queued: 5   # few\n\n    # behind\n"
                                + POOLS,
                        "sources:\n    local:\n        max_queued: 5   # few\n    gitlab:\n      - name: shop\n        url: https://g.example\n        pool: two\n\n    # behind\n"
                                + POOLS),
                Arguments.of(
                        "empty list with examples behind",
                        POOLS + "sources:\n  gitlab: []   # none\n  #  - name: example\n",
                        POOLS
                                + "sources:\n  gitlab:   # none\n    - name: shop\n      url: https://g.example\n      pool: two\n  #  - name: example\n"),
                Arguments.of(
                        "empty list over two lines", POOLS + "sources:\n  gitlab: [\n  ]\n", null),
                Arguments.of(
                        "no value",
                        POOLS + "sources:\n  gitlab:\n  #  - name: example\n",
                        POOLS
                                + "sources:\n  gitlab:\n    - name: shop\n      url: https://g.example\n      pool: two\n  #  - name: example\n"),
                Arguments.of(
                        "others, not indented",
                        "sources:\n  gitlab:\n  - name: a\n    url: https://a.example\n    pool: one # high\n\n# pools\n"
                                + POOLS,
                        "sources:\n  gitlab:\n  - name: a\n    url: https://a.example\n    pool: one # high\n  - name: shop\n    url: https://g.example\n    pool: two\n\n# pools\n"
                                + POOLS),
                Arguments.of(
                        "others in braces",
                        POOLS
                                + "sources:\n  gitlab:\n    - {name: a, url: 'https://a.example', pool: one}\n",
                        POOLS
                                + "sources:\n  gitlab:\n    - {name: a, url: 'https://a.example', pool: one}\n    - name: shop\n      url: https://g.example\n      pool: two\n"),
                Arguments.of(
                        "line ends of elsewhere",
                        "pools:\r\n  - name: two\r\nsources:\r\n  local:\r\n    max_queued: 5\r\n",
                        "pools:\r\n  - name: two\r\nsources:\r\n  local:\r\n    max_queued: 5\r\n  gitlab:\r\n    - name: shop\r\n      url: https://g.example\r\n      pool: two\r\n"),
                Arguments.of(
                        "others in one line",
                        POOLS
                                + "sources: {gitlab: [{name: a, url: 'https://a.example', pool: one}]}\n",
                        null),
                Arguments.of(
                        "sources in one line", POOLS + "sources: {local: {max_queued: 5}}\n", null),
                Arguments.of("all in one line", "{pools: [{name: two}]}\n", null),
                Arguments.of("all indented", "  pools:\n    - name: two\n", null),
                Arguments.of("an end mark", POOLS + "...\n", null));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void linesStandBelowSourcesAndNothingElseChanges(
            String layout, String text, @Nullable String expected) throws Exception {
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), text);

        if (expected == null) {
            assertThatThrownBy(() -> AddedRunner.to(file, runner("two"), NOBODY))
                    .isInstanceOf(AddedRunner.NoPlaceException.class)
                    .hasMessageContaining("does not find the place");
            assertThat(file).content().isEqualTo(text);
        } else {
            AddedRunner.to(file, runner("two"), NOBODY).write();
            assertThat(file).content().isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mayfly.yaml", "examples/mayfly-large-host.yaml"})
    void publishedConfigurationsTakeTheLinesAndKeepAllOthers(String name) throws Exception {
        Path published = Repository.CONFIGURATION.resolveSibling(name);
        Path file = Files.copy(published, directory.resolve("mayfly.yaml"));
        for (String credential : List.of("api-token", "mayfly-key")) {
            Files.setPosixFilePermissions(
                    Files.writeString(directory.resolve(credential), "0123456789abcdef"),
                    PosixFilePermissions.fromString("rw-------"));
        }
        MayflySettings before = load(file);
        PoolName pool = before.pools().getFirst().terms().pool();
        AddedRunner.to(file, runner(pool.value()), credentials()).write();

        assertThat(load(file).gitlab())
                .hasSize(before.gitlab().size() + 1)
                .last()
                .extracting(GitLabSettings::name)
                .isEqualTo("shop");
        assertThat(Files.readAllLines(file))
                .containsSubsequence(
                        Files.readAllLines(published).stream()
                                .map(line -> line.replace("gitlab: []", "gitlab:"))
                                .toList());
    }

    @Test
    void whatWouldBeNoConfigurationIsNotWritten() throws IOException {
        Path file =
                Files.writeString(
                        directory.resolve("mayfly.yaml"),
                        "pools: [{name: two, protected: true}]\n");

        assertThatThrownBy(() -> AddedRunner.to(file, runner("two"), NOBODY))
                .isInstanceOf(AddedRunner.NoPlaceException.class)
                .hasMessageContaining("takes jobs of protected runners only");
    }

    @Test
    void fileThatWasChangedMeanwhileStaysAsItIs() throws Exception {
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), POOLS);
        AddedRunner lines = AddedRunner.to(file, runner("two"), NOBODY);
        Files.writeString(file, POOLS + "# somebody else\n");

        assertThatThrownBy(lines::write)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("was changed meanwhile");
        assertThat(file).content().isEqualTo(POOLS + "# somebody else\n");
        assertThat(directory).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void linkAndModeStay() throws Exception {
        Path file = Files.writeString(directory.resolve("real.yaml"), POOLS);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        Path link = Files.createSymbolicLink(directory.resolve("mayfly.yaml"), file);

        AddedRunner.to(link, runner("two"), NOBODY).write();

        assertThat(link).isSymbolicLink().content().contains("- name: shop");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void textThatYamlWouldReadOtherwiseIsQuoted() throws Exception {
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), POOLS);
        GitLabSettings odd =
                new GitLabSettings(
                        "shop",
                        "https://g.example/a:",
                        new PoolName("two"),
                        false,
                        true,
                        new GitLabSettings.Tls(Path.of("/etc/my certs/#1.pem"), null, null));

        AddedRunner.to(file, odd, NOBODY).write();

        assertThat(load(file).gitlab()).containsExactly(odd);
        assertThat(AddedRunner.lines(odd, true))
                .isEqualTo(
                        List.of(
                                "  gitlab:",
                                "    - name: shop",
                                "      url: \"https://g.example/a:\"",
                                "      pool: two",
                                "      ca_file: \"/etc/my certs/#1.pem\""));
        assertThat(AddedRunner.lines(odd, false))
                .isEqualTo(AddedRunner.lines(odd, true).subList(1, 5));
    }

    private Environment credentials() {
        return new Environment(
                Map.of("CREDENTIALS_DIRECTORY", directory.toString()), Path.of("/root"), true);
    }

    private MayflySettings load(Path file) {
        return ConfigLoader.load(file, credentials());
    }

    private static GitLabSettings runner(String pool) {
        return new GitLabSettings(
                "shop",
                "https://g.example",
                new PoolName(pool),
                false,
                true,
                new GitLabSettings.Tls(null, null, null));
    }
}
