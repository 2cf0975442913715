package dev.mayfly.state;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Another process with the same classes, to be killed without mercy. */
public final class ChildJvm implements AutoCloseable {

    private final Process process;
    private final BufferedReader output;

    private ChildJvm(Process process) {
        this.process = process;
        this.output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Runs the main method of a class. */
    public static ChildJvm start(Class<?> main, String... arguments) {
        return run(command(main, arguments));
    }

    /** The same, where no file may grow beyond the given size. */
    public static ChildJvm startWithFileLimit(int kibibytes, Class<?> main, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of("bash", "-c", "ulimit -f " + kibibytes + "; exec \"$@\"", "bash"));
        command.addAll(command(main, arguments));
        return run(command);
    }

    /** The same, with so much heap. */
    public static ChildJvm startWithHeap(int mebibytes, Class<?> main, String... arguments) {
        List<String> command = command(main, arguments);
        command.add(1, "-Xmx" + mebibytes + "m");
        return run(command);
    }

    private static List<String> command(Class<?> main, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:-UsePerfData",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static ChildJvm run(List<String> command) {
        try {
            return new ChildJvm(
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The next line it printed, or null when it has ended. */
    public @Nullable String line() {
        try {
            return output.readLine();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The rest of what it prints, until it ends. */
    public List<String> lines() {
        return output.lines().toList();
    }

    /** SIGKILL, and waits for the end. */
    public void kill() {
        // By its handle: the process's own method would close the output that is still unread.
        process.toHandle().destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the child survived SIGKILL");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
