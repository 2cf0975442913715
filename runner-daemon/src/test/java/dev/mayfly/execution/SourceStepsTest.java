package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        git(origin, "init", "--quiet", ".");
        Files.writeString(origin.resolve("hello.txt"), "hello");
        git(origin, "add", ".");
        git(
                origin,
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
                "commit",
                "--quiet",
                "-m",
                "first");
        return git(origin, "rev-parse", "HEAD");
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
