package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** A source with its API, really listening. */
final class ApiFixture implements AutoCloseable {

    static final String TOKEN = "a-token-for-tests-only";
    static final int DOCUMENT_BYTES = 2_000;
    static final long UPLOAD_BYTES = 300_000;
    static final ApiEndpoint ANY_PORT = new ApiEndpoint.Tcp("127.0.0.1", 0, Set.of());

    final StateDirectory directory;
    final StateStore store;
    final LocalSource source;
    final LocalApi api;
    volatile List<String> notAlive = List.of();
    volatile List<String> notReady = List.of();
    final FakeOperations operations = new FakeOperations();
    private final Vertx vertx = Vertx.vertx();

    ApiFixture(Path folder, ApiEndpoint endpoint) {
        directory = new StateDirectory(folder.resolve("state"));
        store = StateStore.open(directory);
        source = TestJobs.source(store, TestJobs.LIFE);
        source.start();
        api =
                new LocalApi(
                        vertx,
                        new ApiSettings(endpoint, DOCUMENT_BYTES, UPLOAD_BYTES),
                        new ApiToken(TOKEN),
                        source,
                        TestJobs::document,
                        new ApiProbes(
                                accept -> new ApiProbes.Metrics("for/" + accept, "mayfly_up 1\n"),
                                () -> notAlive,
                                () -> notReady,
                                operations),
                        directory);
        api.start();
    }

    JobId submit(String name) {
        try {
            return source.submit(TestJobs.job(name));
        } catch (SubmitRefusedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Claims the next job. */
    JobReport run() throws InterruptedException {
        Claim claim = source.claim(TestJobs.POOL, Duration.ZERO).orElseThrow();
        return source.report(claim);
    }

    @Override
    public void close() {
        api.close();
        source.close();
        store.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
