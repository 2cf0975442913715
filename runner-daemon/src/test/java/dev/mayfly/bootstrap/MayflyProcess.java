package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The {@code mayfly} command in a process of its own, to be signalled and killed. */
final class MayflyProcess implements AutoCloseable {

    private final Process process;
    private final Path said;

    private MayflyProcess(Process process, Path said) {
        this.process = process;
        this.said = said;
    }

    /** Starts a command; what it says goes to a file beside the configuration. */
    static MayflyProcess start(Installation installation, String command, String... arguments)
            throws IOException {
        return start(List.of(), installation, command, arguments);
    }

    private static MayflyProcess start(
            List<String> flags, Installation installation, String command, String... arguments)
            throws IOException {
        Path said = Files.createTempFile(installation.config().getParent(), command + "-", ".log");
        List<String> line = new ArrayList<>(java(flags));
        line.addAll(List.of(command, "--config", installation.config().toString()));
        line.addAll(List.of(arguments));
        return new MayflyProcess(
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start(),
                said);
    }

    /** The program up to its first own argument. */
    private static List<String> java(List<String> flags) {
        // Where the tests run in the background, a shell has told them to ignore SIGINT, and they
        // pass that on.
        List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(
                List.of(
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        // The product's own logging, not the tests'.
                        "-Dlogback.configurationFile=logback.xml"));
        line.addAll(flags);
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.mayfly.cli.Main"));
        return line;
    }

    /**
     * What a command has said when it had ended.
     *
     * @param code its exit code
     */
    record Said(int code, String out, String err) {}

    /** Runs a command to its end, with more in its environment than this process has. */
    static Said run(Installation installation, Map<String, String> environment, String... words)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(installation.config().getParent(), "out-", ".txt");
        Path err = Files.createTempFile(installation.config().getParent(), "err-", ".txt");
        List<String> line = new ArrayList<>(java(List.of()));
        line.addAll(List.of(words));
        line.addAll(List.of("--config", installation.config().toString()));
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Said(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    /** Starts a daemon and waits until it says that it is ready. */
    static MayflyProcess daemon(Installation installation)
            throws IOException, InterruptedException {
        return ready(start(installation, "daemon"));
    }

    /** The same with a small heap. */
    static MayflyProcess daemonWithHeap(Installation installation, int mebibytes)
            throws IOException, InterruptedException {
        return ready(start(List.of("-Xmx" + mebibytes + "m"), installation, "daemon"));
    }

    /** The same with all loggers at TRACE that the product lets anybody lower. */
    static MayflyProcess talkativeDaemon(Installation installation)
            throws IOException, InterruptedException {
        Path talkative = installation.config().resolveSibling("talkative.xml");
        try (InputStream product = MayflyProcess.class.getResourceAsStream("/logback.xml")) {
            String text =
                    new String(
                            Objects.requireNonNull(product).readAllBytes(), StandardCharsets.UTF_8);
            Files.writeString(
                    talkative,
                    text.replace("${mayfly.log.level:-INFO}", "TRACE")
                            .replace("${mayfly.log.root:-INFO}", "TRACE"));
        }
        return ready(
                start(List.of("-Dlogback.configurationFile=" + talkative), installation, "daemon"));
    }

    private static MayflyProcess ready(MayflyProcess daemon) throws InterruptedException {
        Eventually.holds(
                "the daemon is ready",
                Duration.ofSeconds(60),
                () -> {
                    assertThat(daemon.process.isAlive()).as(daemon.said()).isTrue();
                    return daemon.said().contains("mayfly is ready");
                });
        return daemon;
    }

    String said() {
        try {
            return Files.readString(said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path log() {
        return said;
    }

    long pid() {
        return process.pid();
    }

    boolean runs() {
        return process.isAlive();
    }

    void signal(String name) throws IOException, InterruptedException {
        Engine.Programs.output(
                new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())));
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** Waits for the end and returns the exit code. */
    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(said()).isTrue();
        return process.exitValue();
    }

    /** Ends it the gentle way, then the hard way. */
    @Override
    public void close() {
        process.destroy();
        process.destroy(); // the second signal cancels what runs
        process.onExit().completeOnTimeout(process, 20, TimeUnit.SECONDS).join();
        process.destroyForcibly();
    }
}
