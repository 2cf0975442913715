package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A person at a real pseudo terminal in which a command runs: sees what is on it, and types. Needs
 * the program script, which is on every Debian.
 */
final class Terminal implements AutoCloseable {

    private static final Duration SOON = Duration.ofSeconds(30);

    private final Process process;
    private final StringBuilder screen = new StringBuilder();
    private final Thread reader;
    private int seen;

    private Terminal(Process process) {
        this.process = process;
        this.reader = Thread.ofVirtual().name("terminal").start(this::read);
    }

    /** Starts Mayfly's command line. */
    static Terminal mayfly(Map<String, String> environment, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-Dlogback.configurationFile=logback.xml",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "dev.mayfly.cli.Main"));
        command.addAll(List.of(arguments));
        String line =
                command.stream()
                        .map(word -> "'" + word.replace("'", "'\\''") + "'")
                        .collect(Collectors.joining(" "));
        ProcessBuilder builder =
                new ProcessBuilder("script", "--quiet", "--return", "--command", line, "/dev/null")
                        .redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment().put("SHELL", "/bin/sh");
        try {
            return new Terminal(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for a text that was not there when the last answer was typed, and answers. */
    void answer(String question, String answer) throws InterruptedException {
        await(question);
        type(answer + "\n");
    }

    /** Waits for a text behind those that were waited for before. */
    void await(String text) throws InterruptedException {
        Eventually.holds(
                "\"" + text + "\" is on the terminal, behind: " + screen().substring(seen),
                SOON,
                () -> {
                    boolean ended = !process.isAlive();
                    int at = screen().indexOf(text, seen);
                    if (at < 0 && ended) {
                        throw new AssertionError("the command has ended:\n" + screen());
                    }
                    return at >= 0;
                });
        seen = screen().indexOf(text, seen) + text.length();
    }

    private void type(String keys) {
        try {
            process.getOutputStream().write(keys.getBytes(UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(screen(), e);
        }
    }

    /** Everything that was ever on it. */
    String screen() {
        synchronized (screen) {
            return screen.toString();
        }
    }

    private void show(String text) {
        synchronized (screen) {
            screen.append(text);
        }
    }

    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).as(screen()).isTrue();
        reader.join();
        return process.exitValue();
    }

    private void read() {
        byte[] buffer = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                show(new String(buffer, 0, length, UTF_8));
            }
        } catch (IOException e) {
            show(e.toString());
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
