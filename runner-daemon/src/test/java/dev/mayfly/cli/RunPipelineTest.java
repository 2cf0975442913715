package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.cli.CommandFixture.Said;
import dev.mayfly.pipeline.Checkout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code mayfly run --gitlab} as far as it needs no engine. */
class RunPipelineTest {

    @TempDir Path folder;
    private CommandFixture host;

    @BeforeEach
    void open() throws Exception {
        host = new CommandFixture(folder);
    }

    @AfterEach
    void close() {
        host.close();
    }

    private Path pipeline(String text) throws Exception {
        return host.file(".gitlab-ci.yml", text);
    }

    @Test
    void withoutAJobThereIsAList() throws Exception {
        Path file =
                pipeline(
                        """
                        build: {stage: build, script: make}
                        test: {parallel: 2, script: make}
                        release: {stage: deploy, trigger: group/other}
                        .hidden: {script: make}
                        """);
        Said said = host.mayfly("run", "--gitlab", file.toString());

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out().lines())
                .containsExactly(
                        "build     build",
                        "test 1/2  test",
                        "test 2/2  test",
                        "release   deploy  (cannot be run here)");
    }

    @Test
    void listNeedsNoUsableConfiguration() throws Exception {
        Files.writeString(host.config, "nonsense: true\n");
        Said said = host.mayfly("run", "--gitlab", pipeline("build: {script: make}\n").toString());

        assertThat(said.code()).as(said.err()).isZero();
    }

    @Test
    void mistakeIsShownWithPlaceAndCure() throws Exception {
        Path file = pipeline("build: {script: make, skript: x}\n");
        Said said = host.mayfly("run", "--gitlab", file.toString(), "build");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err())
                .contains(file + ":1:23: build.skript: is no keyword", "did you mean script?")
                .doesNotContain("\tat ");
    }

    @Test
    void jobThatIsNotThereIsGuessed() throws Exception {
        Path file = pipeline("unit tests: {script: make}\n");
        Said said = host.mayfly("run", "--gitlab", file.toString(), "unit-tests");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("no job \"unit-tests\"", "did you mean \"unit tests\"?");
    }

    @Test
    void notesAreSaidBeforeTheJobRuns() throws Exception {
        Path file = pipeline("build: {script: make, cache: {paths: [x]}, needs: [a]}\n");
        Said said = host.mayfly("run", "--gitlab", file.toString(), "build");

        // No engine answers here.
        assertThat(said.code()).as(said.err()).isEqualTo(ExitCode.FAULTED);
        assertThat(said.err())
                .contains(
                        "note: " + file + ":1:23: build.cache: nothing is restored or saved",
                        "build.needs: other jobs do not run");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--pool nowhere build",
                "--pool NOT-A-NAME build",
                "--variable novalue build",
                "--secret =x build",
                "--variable 1A=x build",
            })
    void wrongOptionIsAUsageError(String arguments) throws Exception {
        String file = pipeline("build: {script: make}\n").toString();
        Said said = host.mayfly(("run --gitlab " + file + " " + arguments).split(" "));

        assertThat(said.code()).as(said.err()).isEqualTo(ExitCode.USAGE);
        assertThat(said.err()).contains("mayfly run --help shows").doesNotContain("\tat ");
    }

    @Test
    void optionsOfAPipelineNeedOne() {
        Said said = host.mayfly("run", "--pool", "trusted", "job.yaml");

        assertThat(said.code()).isEqualTo(ExitCode.USAGE);
        assertThat(said.err()).contains("--gitlab");
    }

    @Test
    void checkoutIsDescribedByGit() throws Exception {
        Path repository = Files.createDirectory(folder.resolve("repository"));
        WorkspacePacker.git(repository, "init", "--quiet", "--initial-branch=work");
        assertThat(GitCheckout.of(repository)).isNull();
        WorkspacePacker.git(
                repository,
                "-c",
                "user.name=A B",
                "-c",
                "user.email=a@example.test",
                "commit",
                "--quiet",
                "--allow-empty",
                "--message=Title\n\nMore\n\nEnd");
        WorkspacePacker.git(repository, "remote", "add", "origin", "https://example.test/a/b.git");
        WorkspacePacker.git(
                repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");

        Checkout checkout = Objects.requireNonNull(GitCheckout.of(repository));

        assertThat(checkout.commit().sha()).matches("[0-9a-f]{40}");
        assertThat(checkout.commit().author()).isEqualTo("A B <a@example.test>");
        assertThat(checkout.commit().time()).startsWith("20");
        assertThat(checkout.commit().message()).isEqualTo("Title\n\nMore\n\nEnd");
        assertThat(checkout.ref()).isEqualTo(new Checkout.Ref("work", null));
        assertThat(checkout.remote()).isEqualTo("https://example.test/a/b.git");
        assertThat(checkout.defaultBranch()).isEqualTo("main");

        WorkspacePacker.git(repository, "tag", "v1");
        WorkspacePacker.git(repository, "checkout", "--quiet", "--detach");
        assertThat(GitCheckout.of(repository))
                .isNotNull()
                .extracting(Checkout::ref)
                .isEqualTo(new Checkout.Ref(null, "v1"));
    }

    @Test
    void checkoutThatGitDoesNotWantIsNoted() throws Exception {
        Files.writeString(folder.resolve(".git"), "gitdir: /nowhere\n");
        Said said = host.mayfly("run", "--gitlab", pipeline("build: {script: make}\n").toString());

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).contains("build");
        assertThat(said.err()).contains("note: no CI_COMMIT_ variable is set: git rev-parse");
    }

    @Test
    void directoryOutsideOfGitHasNoCheckout() throws Exception {
        assertThat(GitCheckout.of(folder)).isNull();
    }
}
