package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.JobDocument;
import dev.mayfly.config.JobSpecJson;
import dev.mayfly.config.LocalSources;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.local.ApiEndpoint;
import dev.mayfly.source.local.ApiProbes;
import dev.mayfly.source.local.ApiSettings;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.FakeOperations;
import dev.mayfly.source.local.JobDocuments;
import dev.mayfly.source.local.LocalApi;
import dev.mayfly.source.local.LocalSource;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.source.local.SpecText;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A host with a configuration, a daemon's API on a socket if wanted, and no engine. */
final class CommandFixture implements AutoCloseable {

    static final PoolName POOL = new PoolName("untrusted");

    final Path folder;
    final Path config;
    final Path state;
    final FakeOperations operations = new FakeOperations();
    private @Nullable Served served;

    private record Served(Vertx vertx, StateStore store, LocalSource source, LocalApi api) {}

    /**
     * What a command has said.
     *
     * @param code its exit code
     */
    record Said(int code, String out, String err) {}

    CommandFixture(Path folder) throws IOException {
        this.folder = folder;
        this.config = folder.resolve("mayfly.yaml");
        this.state = folder.resolve("state");
        Files.writeString(
                config,
                """
                daemon:
                  state_dir: %1$s
                engine:
                  host: unix://%2$s/no-engine.sock
                api:
                  listen: unix:%2$s/api.sock
                pools:
                  - name: trusted
                  - name: untrusted
                sources:
                  local:
                    feeds: [trusted, untrusted]
                    default: untrusted
                """
                        .formatted(state, folder));
        Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rw-------"));
    }

    /** Lets a daemon's API answer. Nobody runs its jobs. */
    void serve() {
        StateDirectory directory = new StateDirectory(state).create();
        StateStore store = StateStore.open(directory);
        LocalSource source =
                new LocalSource(
                        new LocalSourceSettings(
                                "local",
                                POOL,
                                LocalSourceSettings.Queue.SHARED,
                                Duration.ofDays(7),
                                100),
                        new LifeId("l-test"),
                        store,
                        new SpecText(JobSpecJson::write, JobSpecJson::read),
                        spec ->
                                spec.name().equals("forbidden")
                                        ? Optional.of("it is forbidden: rename it")
                                        : Optional.empty(),
                        Clock.systemUTC());
        source.start();
        Vertx vertx = Vertx.vertx();
        LocalApi api =
                new LocalApi(
                        vertx,
                        new ApiSettings(
                                new ApiEndpoint.UnixSocket(folder.resolve("api.sock")),
                                ApiSettings.DOCUMENT_BYTES,
                                1 << 20),
                        ApiToken.readOrCreate(state.resolve("api.token")),
                        source,
                        CommandFixture::read,
                        new ApiProbes(
                                _ -> new ApiProbes.Metrics("text/plain", ""),
                                List::of,
                                List::of,
                                operations),
                        directory);
        api.start();
        served = new Served(vertx, store, source, api);
    }

    LocalSource source() {
        if (served == null) {
            throw new IllegalStateException("nothing is served");
        }
        return served.source();
    }

    /** Claims the next job, as a dispatcher would. */
    JobReport claim() throws InterruptedException {
        return source().report(source().claim(POOL, Duration.ofSeconds(10)).orElseThrow());
    }

    Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    JobId submitted() throws IOException {
        Said said = mayfly("submit", file("build.yaml", "name: build\nscript: make\n").toString());
        return new JobId(said.out().strip());
    }

    /** Runs a command with this fixture's configuration. */
    Said mayfly(String... arguments) {
        return mayflyReading("", arguments);
    }

    /** The same with something on its standard input. */
    Said mayflyReading(String input, String... arguments) {
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--config";
        all[arguments.length + 1] = config.toString();
        return execute(input, all);
    }

    /** Runs a command as it is, with its streams taken. Tests of commands run one at a time. */
    static Said execute(String input, String... arguments) {
        InputStream oldIn = System.in;
        PrintStream oldOut = System.out;
        PrintStream oldErr = System.err;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try {
            System.setIn(new ByteArrayInputStream(input.getBytes(UTF_8)));
            System.setOut(new PrintStream(out, true, UTF_8));
            System.setErr(new PrintStream(err, true, UTF_8));
            int code = MayflyCommand.commandLine().execute(arguments);
            System.out.flush();
            return new Said(code, out.toString(UTF_8), err.toString(UTF_8));
        } finally {
            System.setIn(oldIn);
            System.setOut(oldOut);
            System.setErr(oldErr);
        }
    }

    private static JobDocuments.Reading read(byte[] document) {
        try {
            JobDocument job = JobDocument.parse(Path.of("job.yaml"), new String(document, UTF_8));
            return new JobDocuments.Reading.Job(
                    job.sources() instanceof LocalSources.Directory(Path directory)
                            ? job.withWorkspace(new WorkspaceSource.Archive(directory))
                            : job.spec());
        } catch (ConfigException e) {
            return new JobDocuments.Reading.Rejected(
                    e.problems().stream()
                            .map(p ->
                                    new JobDocuments.Problem(
                                            p.field(), p.line(), p.cause(), p.cure()))
                            .toList());
        }
    }

    @Override
    public void close() {
        if (served != null) {
            served.api().close();
            served.source().close();
            served.store().close();
            served.vertx().close().toCompletionStage().toCompletableFuture().join();
        }
    }
}
