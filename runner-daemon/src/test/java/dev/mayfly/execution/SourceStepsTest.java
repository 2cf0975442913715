package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The steps are run by the host's own shell, git and tar, as the helper does it. */
class SourceStepsTest {

    private static final String COMMIT = "0123456789".repeat(4);

    @TempDir Path folder;

    @Test
    void eachSourceNeedsAsMuchNetworkAsItTakes() {
        Path file = Path.of("x");
        assertThat(SourceSteps.needs(new WorkspaceSource.Empty())).isEqualTo(Checkout.NOTHING);
        assertThat(SourceSteps.needs(new WorkspaceSource.Git("https://git.example/a", COMMIT)))
                .isEqualTo(Checkout.ONLINE);
        assertThat(SourceSteps.needs(new WorkspaceSource.Archive(file)))
                .isEqualTo(Checkout.OFFLINE);
        assertThat(SourceSteps.needs(new WorkspaceSource.Bundle(file, COMMIT)))
                .isEqualTo(Checkout.OFFLINE);
        assertThat(SourceSteps.stepFor(new WorkspaceSource.Empty())).isEmpty();
    }

    @Test
    void whatTheAuthorWroteIsNeverPartOfAShellLine() {
        String url = "https://git.example/$(touch owned)/'\"; touch owned";
        Step step = step(new WorkspaceSource.Git(url, COMMIT));

        assertThat(lines(step)).noneMatch(line -> line.contains("owned"));
        assertThat(step.environment()).containsEntry("MAYFLY_SOURCE_URL", url);
        assertThat(step.place()).isEqualTo(Step.Place.HELPER);
        assertThat(step.files()).isEmpty();
    }

    @Test
    void aCommitIsCheckedOutOfARepositoryWithoutAnyOtherHistory() throws Exception {
        String commit = repository();
        Path sources = Files.createDirectory(folder.resolve("sources"));
        String said =
                run(step(new WorkspaceSource.Git(origin().toUri().toString(), commit)), sources);

        assertThat(sources.resolve("hello.txt")).hasContent("hello");
        assertThat(said).contains("first");
        assertThat(git(sources, "rev-parse", "HEAD")).isEqualTo(commit);
        assertThat(git(sources, "status", "--porcelain")).isEmpty();
    }

    @Test
    void refspecsAndSubmodulesAreFetchedAsAsked() throws Exception {
        String commit = repository();
        git(origin(), "update-ref", "refs/pipelines/55", commit);
        Path module = Files.createDirectory(folder.resolve("module"));
        commit(module, "lib.txt", "library");
        git(
                origin(),
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                module.toUri().toString(),
                "lib");
        String withModule = committed(origin());
        git(origin(), "update-ref", "refs/pipelines/56", withModule);
        Path sources = Files.createDirectory(folder.resolve("sources"));
        GitFetch how =
                new GitFetch(
                        List.of("+refs/pipelines/56:refs/pipelines/56"),
                        1,
                        List.of("--no-tags", "--quiet"),
                        1,
                        new GitFetch.Content(
                                "main",
                                true,
                                new GitFetch.Submodules(
                                        GitFetch.Submodules.Mode.RECURSIVE,
                                        0,
                                        List.of("lib"),
                                        List.of()),
                                true),
                        GitFetch.Access.OPEN,
                        GitFetch.Hooks.NONE,
                        null);
        Step step = step(new WorkspaceSource.Git(origin().toUri().toString(), withModule, how));
        Map<String, String> environment = new HashMap<>(step.environment());
        environment.put("GIT_ALLOW_PROTOCOL", "file"); // what the helper fetches over http
        String said =
                run(
                        new Step(
                                step.name(),
                                step.place(),
                                step.program(),
                                environment,
                                step.files(),
                                null),
                        sources);

        assertThat(said)
                .contains("git depth set to 1...")
                .contains("Checking out " + withModule.substring(0, 8))
                .contains("(ref is main)");
        assertThat(sources.resolve("lib/lib.txt")).hasContent("library");
        assertThat(git(sources, "rev-list", "--count", "HEAD")).isEqualTo("1");
        assertThat(git(sources, "for-each-ref", "--format=%(refname)"))
                .isEqualTo("refs/pipelines/56");
    }

    @Test
    void passwordReachesGitInFilesOnly() {
        GitFetch how =
                new GitFetch(
                        List.of("+refs/heads/main:refs/remotes/origin/main"),
                        0,
                        List.of(),
                        2,
                        GitFetch.Content.FILES,
                        new GitFetch.Access(
                                "https://git.example/",
                                "user",
                                new SecretValue("canary-password".getBytes(UTF_8)),
                                "-----BEGIN",
                                List.of("git@git.example:")),
                        GitFetch.Hooks.NONE,
                        null);
        Step step = step(new WorkspaceSource.Git("https://git.example/a", COMMIT, how));

        assertThat(step.environment())
                .containsEntry("GIT_CONFIG_GLOBAL", "/run/secrets/git-config");
        assertThat(step.environment().toString() + lines(step)).doesNotContain("canary");
        assertThat(step.files().stream().map(DeliveredFile::name))
                .containsExactlyInAnyOrder("git-config", "git-password", "git-authorities");
        String config =
                step.files().stream()
                        .filter(file -> file.name().equals("git-config"))
                        .map(file -> new String(file.value().reveal(), UTF_8))
                        .findFirst()
                        .orElseThrow();
        assertThat(config)
                .contains(
                        "[credential \"https://git.example/\"]",
                        "[http \"https://git.example/\"]",
                        "insteadOf = \"git@git.example:\"")
                .doesNotContain("canary");
    }

    @Test
    void anArchiveIsUnpacked() throws Exception {
        Path tar = folder.resolve("w.tar");
        Files.writeString(folder.resolve("hello.txt"), "hello");
        exec(folder, "tar", "--create", "--file=" + tar, "hello.txt");
        Path sources = Files.createDirectory(folder.resolve("sources"));
        run(step(new WorkspaceSource.Archive(tar)), sources);

        assertThat(sources.resolve("hello.txt")).hasContent("hello");
    }

    @Test
    void aPackedFileThatIsGoneIsAFaultOfTheWorkspaceThatNamesIt() {
        Path gone = folder.resolve("gone.tar");
        Step step = step(new WorkspaceSource.Archive(gone));

        assertThatExceptionOfType(FaultException.class)
                .isThrownBy(() -> Objects.requireNonNull(step.stdin()).get().close())
                .withMessageContaining(gone.toString())
                .extracting(FaultException::fault)
                .isEqualTo(Fault.WORKSPACE);
    }

    private static Step step(WorkspaceSource source) {
        return SourceSteps.stepFor(source).orElseThrow();
    }

    private static List<String> lines(Step step) {
        return ((Step.Program.Shell) step.program()).lines();
    }

    private Path origin() {
        return folder.resolve("origin");
    }

    private String repository() throws Exception {
        Path origin = Files.createDirectory(origin());
        return commit(origin, "hello.txt", "hello");
    }

    private static String commit(Path repository, String name, String content) throws Exception {
        git(repository, "init", "--quiet", ".");
        Files.writeString(repository.resolve(name), content);
        return committed(repository);
    }

    private static String committed(Path repository) throws Exception {
        git(repository, "add", ".");
        git(
                repository,
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
                "commit",
                "--quiet",
                "-m",
                "first");
        return git(repository, "rev-parse", "HEAD");
    }

    private static String git(Path directory, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        return exec(directory, command.toArray(String[]::new));
    }

    private static String exec(Path directory, String... command) throws Exception {
        return ended(
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .start());
    }

    private static String run(Step step, Path directory) throws Exception {
        ProcessBuilder shell =
                new ProcessBuilder("/bin/sh", "-e", "-c", String.join("\n", lines(step)))
                        .directory(directory.toFile())
                        .redirectErrorStream(true);
        shell.environment().putAll(step.environment());
        Process process = shell.start();
        try (var in = process.getOutputStream()) {
            if (step.stdin() != null) {
                try (InputStream packed = step.stdin().get()) {
                    packed.transferTo(in);
                }
            }
        }
        return ended(process);
    }

    private static String ended(Process process) throws Exception {
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        return said.strip();
    }
}
