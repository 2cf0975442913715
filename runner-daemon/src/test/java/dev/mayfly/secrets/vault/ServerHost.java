package dev.mayfly.secrets.vault;

import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.output.OutputFrame;
import org.testcontainers.images.ImagePullPolicy;
import org.testcontainers.utility.DockerImageName;

/** What the tests' server runs in. */
sealed interface ServerHost {

    boolean isAlive();

    /** Ends the server as a crash does, and waits for that. */
    void kill() throws InterruptedException;

    /** A command before whose arguments the server's address and a token are in the environment. */
    List<String> client();

    /** What servers can be made of. */
    sealed interface Kind {

        /** A program of this host. */
        record Program(String path) implements Kind {}

        /** An image that the engine has. */
        record Image(String name) implements Kind {}
    }

    /**
     * Starts a server.
     *
     * @param arguments of its program
     * @param directory which is its home, and the only one that it may write to
     * @param said takes what it says
     */
    static ServerHost start(Kind kind, List<String> arguments, Path directory, Path said)
            throws IOException {
        return switch (kind) {
            case Kind.Program(String path) -> InProcess.start(path, arguments, directory, said);
            case Kind.Image(String name) -> InContainer.start(name, arguments, directory, said);
        };
    }

    /** A process of this host. */
    record InProcess(Process process, String program) implements ServerHost {

        @Override
        public List<String> client() {
            return List.of(program);
        }

        private static InProcess start(
                String program, List<String> arguments, Path directory, Path said)
                throws IOException {
            List<String> line = new ArrayList<>(List.of(program));
            line.addAll(arguments);
            ProcessBuilder builder =
                    new ProcessBuilder(line)
                            .redirectErrorStream(true)
                            .redirectOutput(said.toFile());
            builder.environment().put("HOME", directory.toString());
            Process process = builder.start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            return new InProcess(process, program);
        }

        @Override
        public boolean isAlive() {
            return process.isAlive();
        }

        @Override
        public void kill() throws InterruptedException {
            process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
    }

    /** A container in this host's network, where the tests' databases are too. */
    record InContainer(GenericContainer<?> container) implements ServerHost {

        @Override
        public List<String> client() {
            return List.of(
                    "docker",
                    "run",
                    "--rm",
                    "--interactive",
                    "--network=host",
                    "--env=VAULT_ADDR",
                    "--env=VAULT_TOKEN",
                    "--env=BAO_ADDR",
                    "--env=BAO_TOKEN",
                    container.getDockerImageName());
        }

        private static final Duration START_LIMIT = Duration.ofSeconds(60);

        /** {@code .ci/vault} has pulled it, or somebody has named one that is there. */
        private static final ImagePullPolicy NEVER = _ -> false;

        private static InContainer start(
                String image, List<String> arguments, Path directory, Path said)
                throws IOException {
            Files.writeString(said, "");
            // The image's own user writes there, whoever that is.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
            String mount = directory + ":" + directory;
            // The image's own entrypoint: it knows what the program is called.
            GenericContainer<?> container =
                    new GenericContainer<>(DockerImageName.parse(image))
                            .withImagePullPolicy(NEVER)
                            .withNetworkMode("host")
                            // Not by a method of its own, which tries mounting with another image
                            // first.
                            .withCreateContainerCmdModifier(command ->
                                    Objects.requireNonNullElseGet(
                                                    command.getHostConfig(), HostConfig::new)
                                            .withBinds(Bind.parse(mount)))
                            .withEnv(Map.of("HOME", directory.toString(), "SKIP_SETCAP", "true"))
                            .withLabel("dev.mayfly.test", "vault")
                            .withCommand(arguments.toArray(String[]::new))
                            .withStartupTimeout(START_LIMIT)
                            .withLogConsumer(frame -> append(said, frame));
            container.start();
            return new InContainer(container);
        }

        private static void append(Path said, OutputFrame frame) {
            try {
                Files.write(
                        said,
                        frame.getUtf8String().getBytes(StandardCharsets.UTF_8),
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public boolean isAlive() {
            return container.isRunning();
        }

        @Override
        public void kill() {
            container.stop();
        }
    }
}
