package dev.mayfly.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.config.ConfigException;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From pipeline files to jobs, without an engine. */
class PipelineTest {

    private static final Path FILES = Path.of("src/test/resources/dev/mayfly/pipeline");

    @TempDir private Path directory;

    private static LocalRun run(Map<String, String> variables, SecretRequest... secrets) {
        return new LocalRun(
                new PoolName("untrusted"),
                NetworkAccess.NONE,
                variables,
                List.of(secrets),
                new LocalRun.Host("amd64", "0.0.0"));
    }

    static List<Path> good() throws IOException {
        try (Stream<Path> cases = Files.list(FILES.resolve("good"))) {
            return cases.sorted().toList();
        }
    }

    static List<Path> bad() throws IOException {
        try (Stream<Path> cases = Files.list(FILES.resolve("bad"))) {
            return cases.sorted().toList();
        }
    }

    /** The test's own directories are no projects of git. */
    private Path copied(Path original) throws IOException {
        try (Stream<Path> files = Files.walk(original)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = directory.resolve(original.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        return directory.resolve(".gitlab-ci.yml");
    }

    private static Pipeline read(Path file, Map<String, String> variables) {
        return Pipeline.read(file, ProjectFiles.around(file), null, variables);
    }

    private Pipeline pipeline(String text) throws IOException {
        return read(Files.writeString(directory.resolve(".gitlab-ci.yml"), text), Map.of());
    }

    private void agrees(Path original, String actual) throws IOException {
        String text = actual.replace(directory + "/", "").replace(directory.toString(), "ROOT");
        Path expected = original.resolve("expected.txt");
        if (Boolean.getBoolean("mayfly.golden.write")) {
            Files.writeString(expected, text);
        }
        assertThat(text)
                .as("rewrite %s with -Dmayfly.golden.write=true, and review it", expected)
                .isEqualTo(Files.readString(expected));
    }

    @ParameterizedTest
    @MethodSource("good")
    void goodPipelineBecomesTheseJobs(Path original) throws IOException {
        Map<String, String> variables = Map.of("CI_DIRECTORY", "ci");
        Pipeline pipeline = read(copied(original), variables);
        List<String> texts = new ArrayList<>();
        for (Pipeline.Entry entry : pipeline.jobs()) {
            texts.add(
                    entry.runnable()
                            ? Rendering.of(pipeline.job(entry.name(), run(Map.of())))
                            : "job: " + entry.name() + "\ncannot be run\n");
        }
        agrees(original, String.join("\n", texts));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void badPipelineIsRefusedWithPlaceCauseAndCure(Path original) throws IOException {
        String first = Files.readAllLines(original.resolve(".gitlab-ci.yml")).getFirst();
        String job = first.replaceFirst("# job: ", "");
        Path file = copied(original);

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> read(file, Map.of()).job(job, run(Map.of())))
                .satisfies(e -> agrees(original, e.getMessage() + "\n"))
                .satisfies(e ->
                        assertThat(e.problems())
                                .isNotEmpty()
                                .allSatisfy(p -> assertThat(p.cure()).isNotBlank()));
    }

    @Test
    void symbolicLinkOutOfTheProjectIsNotFollowed(@TempDir Path elsewhere) throws IOException {
        Files.writeString(elsewhere.resolve("secret.yml"), "stolen: {script: make}\n");
        Files.createSymbolicLink(directory.resolve("link.yml"), elsewhere.resolve("secret.yml"));
        Files.createSymbolicLink(directory.resolve("linked"), elsewhere);

        for (String include : List.of("link.yml", "linked/secret.yml")) {
            assertThatExceptionOfType(ConfigException.class)
                    .isThrownBy(() -> pipeline("include: " + include + "\n"))
                    .withMessageContaining("outside of the project");
        }
        for (String pattern : List.of("link*.yml", "*k.yml")) {
            assertThatExceptionOfType(ConfigException.class)
                    .as(pattern)
                    .isThrownBy(() -> pipeline("include: {local: '" + pattern + "'}\n"))
                    .withMessageContaining("link.yml")
                    .withMessageContaining("outside of the project");
        }
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline("include: {local: '**.yml'}\n.gitlab-ci: []\n"))
                .withMessageContaining("includes itself");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline("include: {local: 'linked/*.yml'}\n"))
                .withMessageContaining("matches no file");
    }

    @Test
    void linkInsideTheProjectIsFollowed() throws IOException {
        Files.writeString(directory.resolve("real.yml"), "linked: {script: make}\n");
        Files.createSymbolicLink(directory.resolve("link.yml"), Path.of("real.yml"));

        for (String include : List.of("link.yml", "l*.yml")) {
            assertThat(pipeline("include: '" + include + "'\n").jobs())
                    .as(include)
                    .containsExactly(new Pipeline.Entry("linked", "test", true));
        }
    }

    @Test
    void pipelineBelowACheckoutTakesFilesFromItsRoot() throws IOException {
        Files.createDirectory(directory.resolve(".git"));
        Files.createDirectories(directory.resolve("sub"));
        Files.writeString(directory.resolve("one.yml"), "one: {script: make}\n");
        Path file = Files.writeString(directory.resolve("sub/ci.yml"), "include: /one.yml\n");

        assertThat(ProjectFiles.around(file).root()).isEqualTo(directory);
        PipelineJob job = read(file, Map.of()).job("one", run(Map.of()));
        assertThat(job.spec().inputs().variables()).containsEntry("CI_CONFIG_PATH", "sub/ci.yml");
    }

    @Test
    void variableOfTheCommandLineCountsMostAndIsNotForServices() throws IOException {
        PipelineJob job =
                pipeline(
                                """
                                variables: {A: global, SEEN: "$A!"}
                                job: {script: make, variables: {A: own}, services: [redis]}
                                """)
                        .job("job", run(Map.of("A", "given $SEEN")));

        assertThat(job.spec().inputs().variables())
                .containsEntry("A", "given $SEEN")
                .containsEntry("SEEN", "given $SEEN!");
        assertThat(job.spec().environment().services().getFirst().variables())
                .doesNotContainKey("A")
                .containsEntry("SEEN", "given $SEEN!")
                .containsEntry("CI", "true");
    }

    @Test
    void secretsOfThePipelineComeFromMayflysOwn() throws IOException {
        PipelineJob job =
                pipeline(
                                """
                                job:
                                  secrets:
                                    DB: {vault: a/b}
                                    KEY: {vault: a/c, file: false}
                                  id_tokens: {TOKEN: {aud: x}, PLAIN: {aud: y}}
                                  variables: {DEPLOY: not this}
                                  script: make
                                """)
                        .job(
                                "job",
                                run(
                                        Map.of("PLAIN", "p"),
                                        new SecretRequest("DB", "database", true),
                                        new SecretRequest("KEY", "key", true),
                                        new SecretRequest("TOKEN", "token", true),
                                        new SecretRequest("DEPLOY", "deploy", true)));

        assertThat(job.spec().inputs().secrets())
                .containsExactlyInAnyOrder(
                        new SecretRequest("DB", "database", false),
                        new SecretRequest("KEY", "key", true),
                        new SecretRequest("TOKEN", "token", true),
                        new SecretRequest("DEPLOY", "deploy", true));
        assertThat(job.spec().inputs().variables())
                .containsEntry("DB", "/run/secrets/DB")
                .doesNotContainKeys("KEY", "TOKEN", "DEPLOY");
    }

    @Test
    void poolAndNetworkAreTheRuns() throws IOException {
        PipelineJob job = pipeline("job: {script: make}\n").job("job", run(Map.of()));

        assertThat(job.spec().pool()).isEqualTo(new PoolName("untrusted"));
        assertThat(job.spec().environment().network()).isEqualTo(NetworkAccess.NONE);
        assertThat(job.spec().environment().image()).isNull();
    }

    @Test
    void billionLaughsEndEarly() {
        StringBuilder laughs = new StringBuilder(".a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
        for (int i = 1; i < 12; i++) {
            laughs.append(
                    ".a%1$d: &a%1$d [%2$s]\n".formatted(i, ("*a" + (i - 1) + ", ").repeat(9)));
        }
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline(laughs.toString()))
                .withMessageContaining("grow beyond");
    }

    @Test
    void manyAliasesAreFine() throws IOException {
        StringBuilder text = new StringBuilder(".s: &s [make]\n");
        for (int i = 0; i < 200; i++) {
            text.append("job%d: {script: *s}\n".formatted(i));
        }

        assertThat(pipeline(text.toString()).jobs()).hasSize(200);
    }

    @Test
    void laughsByReferenceEndEarly() {
        StringBuilder laughs = new StringBuilder(".a0: {script: [ha, ha]}\n");
        for (int i = 1; i < 9; i++) {
            laughs.append(
                    ".a%d: {script: [%s]}\n"
                            .formatted(i, ("!reference [.a" + (i - 1) + ", script], ").repeat(20)));
        }
        laughs.append("job: {script: [!reference [.a8, script]]}\n");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline(laughs.toString()).job("job", run(Map.of())))
                .withMessageContaining("grow beyond");
    }

    @Test
    void laughsByExtendsEndEarly() {
        StringBuilder laughs = new StringBuilder(".a: {variables: {");
        for (int i = 0; i < 3000; i++) {
            laughs.append("V").append(i).append(": x, ");
        }
        laughs.append("}, script: make}\n");
        for (int i = 0; i < 2000; i++) {
            laughs.append("j").append(i).append(": {extends: .a, variables: {W: x}}\n");
        }
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline(laughs.toString()).jobs())
                .withMessageContaining("grow beyond");
    }

    @Test
    void laughsByVariablesEndEarly() {
        StringBuilder laughs = new StringBuilder("variables:\n  A0: hahahahaha\n");
        for (int i = 1; i < 12; i++) {
            laughs.append("  A%d: \"%s\"\n".formatted(i, ("$A" + (i - 1)).repeat(10)));
        }
        laughs.append("job: {script: make}\n");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline(laughs.toString()).job("job", run(Map.of())))
                .withMessageContaining("characters of other variables");
    }

    @Test
    void longTextIsNotRepeatedWithoutEnd() throws IOException {
        String script =
                ".long: {script: [\"%s\"]}\njob: {script: [%s]}\n"
                        .formatted(
                                "x".repeat(100_000), "!reference [.long, script], ".repeat(2000));
        String variables =
                ".long: \"%s\"\njob: {script: make, variables: {%s}}\n"
                        .formatted(
                                "x".repeat(100_000),
                                IntStream.range(0, 2000)
                                        .mapToObj(i -> "A" + i + ": !reference [.long], ")
                                        .collect(Collectors.joining()));

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline(script).job("job", run(Map.of())))
                .withMessageContaining("job.script: is longer than");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline(variables).job("job", run(Map.of())))
                .withMessageContaining("makes the variables longer than");
    }

    @Test
    void valueOfAMatrixMayReferToVariables() throws IOException {
        PipelineJob job =
                pipeline(
                                """
                                variables: {BASE: debian}
                                job: {script: make, image: $IMAGE, parallel: {matrix: [{IMAGE: "$BASE:12"}]}}
                                """)
                        .job("job", run(Map.of()));

        assertThat(job.spec().name()).isEqualTo("job: [$BASE:12]");
        assertThat(Objects.requireNonNull(job.spec().environment().image()).reference())
                .isEqualTo("debian:12");
    }

    @Test
    void fileThatIsTooLongIsRefused() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline("a: " + "x".repeat(PipelineYaml.MAX_BYTES)))
                .withMessageContaining("longer than");
    }

    @Test
    void deepNestingIsRefused() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline("a: " + "[".repeat(60) + "]".repeat(60) + "\n"))
                .withMessageContaining("nested deeper");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "---\n", "~\n"})
    void emptyPipelineHasNoJobs(String text) throws IOException {
        assertThat(pipeline(text).jobs()).isEmpty();
    }

    @Test
    void nulInAScriptIsRefused() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> pipeline("job: {script: \"a\\0b\"}\n"))
                .withMessageContaining("NUL");
    }

    @Test
    void missingFileIsNamed() {
        Path file = directory.resolve("nothing.yml");

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> read(file, Map.of()))
                .withMessageContaining("nothing.yml")
                .withMessageContaining("does not exist");
    }
}
