package dev.mayfly;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A Docker engine of a test's own, with the agent image. Needs the right to start one: root, or
 * sudo without a password.
 */
public final class OtherEngine implements AutoCloseable {

    private static final Path SCRIPT = Path.of("..", ".ci", "other-engine");

    private final Path folder;

    private OtherEngine(Path folder) {
        this.folder = folder;
    }

    /**
     * Starts one.
     *
     * @param options for dockerd
     */
    public static OtherEngine start(String agentImage, String... options)
            throws IOException, InterruptedException {
        // Not below the build's folder: the path of a socket has to be short.
        OtherEngine engine = new OtherEngine(Files.createTempDirectory("mayfly-engine-"));
        try {
            List<String> start = new ArrayList<>(List.of("start", engine.folder.toString()));
            start.addAll(List.of(options));
            script(start);
            run(
                    List.of(
                            "sh",
                            "-c",
                            "docker save "
                                    + agentImage
                                    + " | docker -H "
                                    + engine.host()
                                    + " load"));
            return engine;
        } catch (IOException | InterruptedException | AssertionError e) {
            engine.close();
            throw e;
        }
    }

    public URI host() {
        return URI.create("unix://" + socket());
    }

    public Path socket() {
        return folder.resolve("docker.sock");
    }

    /** Runs the docker command line on it. */
    public String docker(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("docker", "-H", host().toString()));
        command.addAll(List.of(arguments));
        return run(command);
    }

    @Override
    public void close() throws IOException {
        try {
            script(List.of("stop", folder.toString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while an engine was being stopped", e);
        }
    }

    private static void script(List<String> words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(SCRIPT.toString()));
        command.addAll(words);
        run(command);
    }

    /** Runs a program of the host to its end, which must be a good one. */
    public static String run(List<String> command) throws IOException, InterruptedException {
        // To a file: what it starts in the background may keep its output open.
        Path said = Files.createTempFile("mayfly-said-", ".txt");
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(said.toFile())
                            .start();
            assertThat(process.waitFor(180, TimeUnit.SECONDS)).as("end of %s", command).isTrue();
            String text = Files.readString(said, StandardCharsets.UTF_8);
            assertThat(process.exitValue()).as("%s said: %s", command, text).isZero();
            return Objects.requireNonNull(text).strip();
        } finally {
            Files.deleteIfExists(said);
        }
    }
}
