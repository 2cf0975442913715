package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the server answers, its copy of the log becomes ours and it gets the end once. */
class TraceDeliveryTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final FinalState FAILED = new FinalState(FailureReason.SCRIPT_FAILURE, 3);

    @TempDir Path folder;

    private final List<String> heard = Collections.synchronizedList(new ArrayList<>());
    private final Vertx vertx = Vertx.vertx();
    private final GitLabStub stub = GitLabStub.start();
    private final StubJob job = stub.running(stub.runner(), StubPayload.job(7, "test"));
    private RunnerApi api;
    private FileTraceSpool spool;
    private TraceDelivery delivery;

    @BeforeEach
    void start() throws IOException {
        api =
                RunnerApi.open(
                        vertx,
                        Connection.to(ServerAddress.of(stub.url().toString())),
                        GitLabFixture.INFO,
                        GitLabFixture.SYSTEM);
        spool = FileTraceSpool.create(folder.resolve("spool"));
        delivery =
                new TraceDelivery(
                        api.job(7, new GitLabToken(job.token())),
                        spool,
                        GitLabFixture.TRACE,
                        false,
                        new Random(1),
                        new TraceDelivery.Listener() {
                            @Override
                            public void canceling() {
                                heard.add("canceling");
                            }

                            @Override
                            public void over(@Nullable String status) {
                                heard.add("over " + status);
                            }
                        });
        delivery.start();
    }

    @AfterEach
    void stop() throws Exception {
        delivery.stop();
        spool.close();
        api.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
        stub.close(); // and the protocol was kept
    }

    static Stream<List<StubFault>> faultsOfATrace() {
        return Stream.of(
                List.of(StubFault.status(500), StubFault.html(502), StubFault.status(503)),
                List.of(StubFault.status(429, "Retry-After", "1")),
                List.of(StubFault.status(409)),
                List.of(StubFault.status(400)),
                List.of(StubFault.status(404)),
                List.of(new StubFault.CutBefore(), new StubFault.CutBefore()),
                List.of(new StubFault.CutAfter()),
                List.of(new StubFault.None(), new StubFault.CutAfter()),
                List.of(new StubFault.None(), StubFault.status(416)),
                List.of(new StubFault.None(), StubFault.status(416, "Range", "odd")),
                List.of(new StubFault.Slow(Duration.ofMillis(200))));
    }

    @ParameterizedTest
    @MethodSource("faultsOfATrace")
    void logIsCompleteAfterFaults(List<StubFault> faults) throws Exception {
        stub.next(StubEndpoint.TRACE, faults.toArray(new StubFault[0]));
        write("first\n");
        Eventually.holds("first piece", SOON, () -> !job.trace().isEmpty());
        write("second\n");
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        stub.tolerate("the next piece starts at"); // where a scripted Range was odd
        assertThat(job.trace()).isEqualTo("first\nsecond\n");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    static Stream<List<StubFault>> faultsOfAnEnd() {
        return Stream.of(
                List.of(StubFault.status(500), StubFault.html(502), StubFault.status(503)),
                List.of(StubFault.status(429, "Retry-After", "1")),
                List.of(StubFault.status(409), StubFault.status(400)),
                List.of(new StubFault.CutBefore()),
                List.of(new StubFault.CutAfter()));
    }

    @ParameterizedTest
    @MethodSource("faultsOfAnEnd")
    void endIsToldUntilItIsTaken(List<StubFault> faults) throws Exception {
        write("text\n");
        stub.always(StubEndpoint.UPDATE, new StubFault.None());
        stub.next(StubEndpoint.UPDATE, faults.toArray(new StubFault[0]));
        delivery.finish(FAILED);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.failureReason()).isEqualTo("script_failure");
        assertThat(job.exitCode()).isEqualTo(3);
        assertThat(job.trace()).isEqualTo("text\n");
    }

    @Test
    void largeLogGoesInPiecesOfAMebibyte() throws Exception {
        byte[] large = new byte[3 * StubContract.PIECE_BYTES + 17];
        new Random(2).nextBytes(large);
        spool.append(large, 0, large.length);
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.traceBytes()).isEqualTo(large);
        assertThat(stub.requests(StubEndpoint.TRACE)).hasSize(4);
    }

    @Test
    void emptyLogSendsNoPieceAndTheChecksumOfNothing() throws Exception {
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(stub.requests(StubEndpoint.TRACE)).isEmpty();
        assertThat(job.updates().getLast().path("checksum").asText()).isEqualTo("crc32:00000000");
    }

    @Test
    void serverThatLostItsCopyGetsItAgain() throws Exception {
        write("one\n");
        Eventually.holds("first piece", SOON, () -> job.trace().equals("one\n"));
        job.storedTrace("");
        write("two\n");
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.trace()).isEqualTo("one\ntwo\n");
    }

    @Test
    void serverWithMoreThanThereIsStillGetsTheEnd() throws Exception {
        job.storedTrace("somebody else has written all this");
        write("ours\n");
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        stub.tolerate("is not that of the log"); // there is none to tell
    }

    @Test
    void pendingEndIsAskedForAgain() throws Exception {
        job.pendingFinals(2);
        write("text\n");
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.updates()).hasSize(3);
    }

    @Test
    void wrongChecksumSendsTheWholeLogAgainAndNothingTwice() throws Exception {
        job.wrongChecksums(1);
        write("whole\nlog\n");
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.trace()).isEqualTo("whole\nlog\n");
    }

    @Test
    void serverThatNeverAgreesGetsTheEndWithoutAChecksum() throws Exception {
        job.wrongChecksums(100);
        write("text\n");
        delivery.finish(FinalState.SUCCESS);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.updates().getLast().has("checksum")).isFalse();
        stub.tolerate("is not that of the log");
    }

    @Test
    void gracefulCancelIsHeardOnceWithAPieceAndTheLogGoesOn() throws Exception {
        job.cancel();
        write("before\n");
        Eventually.holds("cancel", SOON, () -> heard.contains("canceling"));
        write("after\n");
        Eventually.holds("rest", SOON, () -> job.trace().equals("before\nafter\n"));
        delivery.finish(FinalState.failed(FailureReason.UNKNOWN_FAILURE));

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.status()).isEqualTo(StubJob.Status.CANCELED);
        assertThat(heard).containsExactly("canceling");
    }

    @Test
    void silentJobHearsItsCancelWithASignOfLife() throws Exception {
        Eventually.holds("sign of life", SOON, () -> job.touches() > 0);
        job.cancel();

        Eventually.holds("cancel", SOON, () -> heard.contains("canceling"));
    }

    @Test
    void forcedCancelEndsAllAndNoEndIsTold() throws Exception {
        job.forceCancel();
        Eventually.holds("over", SOON, () -> heard.contains("over canceled"));
        delivery.finish(FAILED);

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.OVER_AT_SERVER);
        assertThat(job.exitCode()).isNull();
    }

    @Test
    void logAboveTheInstancesLimitEndsTheJob() throws Exception {
        job.traceLimit(4);
        write("too long\n");

        Eventually.holds("over", SOON, () -> heard.contains("over failed"));
        assertThat(job.failureReason()).isEqualTo("trace_size_exceeded");
    }

    @Test
    void longOutageLosesNothing() throws Exception {
        write("before\n");
        Eventually.holds("first piece", SOON, () -> job.trace().equals("before\n"));
        stub.outage(new StubFault.CutBefore());
        int seen = stub.requests().size();
        write("during\n");
        delivery.finish(FinalState.SUCCESS);
        Eventually.holds("attempts", SOON, () -> stub.requests().size() > seen + 10);
        stub.healthy();

        assertThat(delivery.await(SOON)).isEqualTo(TraceDelivery.End.RECORDED);
        assertThat(job.trace()).isEqualTo("before\nduring\n");
    }

    @Test
    void noTokenIsInAnException() throws Exception {
        stub.always(StubEndpoint.UPDATE, StubFault.status(500));
        try (RunnerApi nowhere =
                RunnerApi.open(
                        vertx,
                        Connection.to(ServerAddress.of("http://localhost:1")),
                        GitLabFixture.INFO,
                        GitLabFixture.SYSTEM)) {
            GitLabToken token = new GitLabToken("glcbt-64_canary");
            assertThat(
                            org.assertj.core.api.Assertions.catchThrowable(
                                    () -> nowhere.job(1, token).running(null)))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageContaining("http://localhost:1")
                    .hasMessageNotContaining("canary");
            assertThat(token.toString()).doesNotContain("canary");
        }
        stub.healthy();
    }

    private void write(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        spool.append(bytes, 0, bytes.length);
    }
}
