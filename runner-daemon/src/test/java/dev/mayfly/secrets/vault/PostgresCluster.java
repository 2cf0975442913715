package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL cluster of the tests' own: in a temporary directory, on a loopback port, run by an
 * ordinary user.
 */
public final class PostgresCluster implements AutoCloseable {

    static final String ADMIN = "mayfly_admin";
    static final String PASSWORD = "of-no-use-elsewhere";

    private static @Nullable PostgresCluster shared;

    private final Path programs;
    private final Path directory;
    private final int port;

    private PostgresCluster(Path programs, Path directory, int port) {
        this.programs = programs;
        this.directory = directory;
        this.port = port;
    }

    /** One for all tests of this JVM; it ends with the JVM. */
    public static synchronized PostgresCluster shared() {
        if (shared == null) {
            PostgresCluster started = start();
            Runtime.getRuntime().addShutdownHook(new Thread(started::close));
            shared = started;
        }
        return shared;
    }

    /** One that a test may stop; the test closes it. */
    public static PostgresCluster start() {
        try {
            // The server refuses to be root; everybody may enter, and the cluster's owner only
            // read.
            Path directory =
                    Files.createTempDirectory(
                            Path.of("/tmp"),
                            "mayfly-postgres-",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rwxr-xr-x")));
            PostgresCluster cluster =
                    new PostgresCluster(programs(), directory, VaultServer.freePort());
            cluster.initialise();
            cluster.resume();
            return cluster;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void initialise() throws IOException {
        Path password = Files.writeString(directory.resolve("password"), PASSWORD + "\n");
        if (isRoot()) {
            output("chown", "-R", "postgres", directory.toString());
        }
        run(
                "initdb",
                "--pgdata=" + directory.resolve("data"),
                "--username=" + ADMIN,
                "--pwfile=" + password,
                "--auth=scram-sha-256",
                "--no-sync");
    }

    public int port() {
        return port;
    }

    /** Starts it, or starts it again. */
    void resume() {
        run(
                "pg_ctl",
                "start",
                "--wait",
                "--pgdata=" + directory.resolve("data"),
                "--log=" + directory.resolve("server.log"),
                "--options=-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c fsync=off"
                        .formatted(port, directory));
    }

    /** Stops it: connections are refused from now on. */
    void stop() {
        run("pg_ctl", "stop", "--wait", "--mode=fast", "--pgdata=" + directory.resolve("data"));
    }

    /** The logins that were made through a role and are there now. */
    public List<String> logins(String role) {
        return output(
                        "env",
                        "PGPASSWORD=" + PASSWORD,
                        programs.resolve("psql").toString(),
                        "--host=127.0.0.1",
                        "--port=" + port,
                        "--username=" + ADMIN,
                        "--no-psqlrc",
                        "--tuples-only",
                        "--no-align",
                        "--command=SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%-"
                                + role
                                + "-%'",
                        "postgres")
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
    }

    /** Whether somebody can log in. */
    public boolean lets(String user, String password) {
        ProcessBuilder builder =
                new ProcessBuilder(
                        programs.resolve("psql").toString(),
                        "--host=127.0.0.1",
                        "--port=" + port,
                        "--username=" + user,
                        "--no-psqlrc",
                        "--no-password",
                        "--command=SELECT 1",
                        "postgres");
        builder.environment().put("PGPASSWORD", password);
        try {
            Process process = builder.redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void run(String program, String... arguments) {
        List<String> line = new ArrayList<>();
        if (isRoot()) {
            line.addAll(
                    List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"));
        }
        line.add(programs.resolve(program).toString());
        line.addAll(List.of(arguments));
        output(line.toArray(String[]::new));
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** Debian keeps them out of PATH. */
    private static Path programs() throws IOException {
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                return versions.map(version -> version.resolve("bin"))
                        .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                        .max(Comparator.naturalOrder())
                        .orElseThrow();
            }
        }
        for (String folder : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, "initdb"))) {
                return Path.of(folder);
            }
        }
        throw new AssertionError("no PostgreSQL here: .ci/setup database installs it");
    }

    private String output(String... line) {
        try {
            Path said = Files.createTempFile("mayfly-postgres-", ".out");
            Process process =
                    new ProcessBuilder(line)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            // A file, since a server that goes on would keep a pipe open.
                            .redirectOutput(said.toFile())
                            .start();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            String output = Files.readString(said, StandardCharsets.UTF_8);
            Files.delete(said);
            assertThat(process.exitValue()).as("%s said: %s", List.of(line), output).isZero();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        stop();
        output("rm", "-rf", directory.toString());
    }
}
