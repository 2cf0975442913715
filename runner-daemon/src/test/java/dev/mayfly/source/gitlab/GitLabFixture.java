package dev.mayfly.source.gitlab;

import dev.mayfly.job.Hiding;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.logs.MaskedText;
import dev.mayfly.logs.Masking;
import dev.mayfly.source.Claim;
import dev.mayfly.state.StateDirectory;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A registered daemon's side of a stub, in a hurry: what takes seconds takes milliseconds. */
final class GitLabFixture implements AutoCloseable {

    static final PoolName POOL = new PoolName("untrusted");
    static final String NAME = "stub";
    static final Duration SOON = Duration.ofSeconds(20);
    static final RunnerInfo INFO =
            new RunnerInfo("0.1.0", "abcdef0", "amd64", RunnerFeature.IMPLEMENTED);
    static final SystemId SYSTEM = new SystemId("r_0123456789ab");
    static final TracePacing TRACE =
            new TracePacing(
                    Duration.ofMillis(20),
                    Duration.ofMillis(40),
                    Duration.ofMillis(60),
                    Duration.ofMillis(5),
                    Duration.ofSeconds(30));

    static final Hiding HIDING = secrets -> new MaskedText(secrets, Masking.STANDARD);

    /** Most tests never destroy anything. */
    static final Duration TEARDOWN = Duration.ofMillis(500);

    static final PollPacing POLL =
            new PollPacing(
                    Duration.ofMillis(20),
                    Duration.ofMillis(5),
                    Duration.ofMillis(50),
                    Duration.ofSeconds(10));

    final GitLabStub stub;
    final StubRunner runner;
    final Registrations registrations;
    final RunnerApi api;
    final GitLabSource source;
    private final Vertx vertx = Vertx.vertx();
    private final InstantSource clock;
    private final Path spools;

    GitLabFixture(Path folder) {
        this(folder, GitLabStub.start(), null, InstantSource.system());
    }

    GitLabFixture(Path folder, GitLabStub stub, @Nullable Instant expires, InstantSource clock) {
        this.stub = stub;
        this.runner = stub.runner().expires(expires);
        StateDirectory state = new StateDirectory(folder.resolve("state")).create();
        Path spools = folder.resolve("spools");
        try {
            Files.createDirectories(spools);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ServerAddress server = ServerAddress.of(stub.url().toString());
        registrations = Registrations.in(state);
        registrations.write(
                new Registration(
                        NAME,
                        server,
                        runner.id(),
                        new GitLabToken(runner.token()),
                        new Registration.Validity(clock.instant(), expires)));
        api = RunnerApi.open(vertx, Connection.to(server), INFO, SYSTEM);
        this.clock = clock;
        this.spools = spools;
        source = nextLife();
    }

    /** A source as a daemon makes it when it starts again. */
    GitLabSource nextLife() {
        return new GitLabSource(
                new GitLabSourceSettings(
                        NAME,
                        POOL,
                        false,
                        new GitLabSourceSettings.Limits(
                                NetworkAccess.FULL, 1 << 20, spools, Map.of()),
                        true,
                        new GitLabSourceSettings.Pacing(POLL, TRACE, TEARDOWN)),
                registrations,
                api,
                INFO,
                HIDING,
                clock);
    }

    /** A payload that today's job can hold. */
    static StubPayload job(long id) {
        return StubPayload.job(id, "test").variable("GIT_STRATEGY", "none");
    }

    Claim claim() throws InterruptedException {
        return source.claim(POOL, SOON).orElseThrow();
    }

    Optional<Claim> claim(Duration wait) throws InterruptedException {
        return source.claim(POOL, wait);
    }

    @Override
    public void close() {
        try {
            source.close();
            api.close();
            vertx.close().toCompletionStage().toCompletableFuture().join();
        } finally {
            stub.close();
        }
    }
}
