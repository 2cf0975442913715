package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.Dependency;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.Transfers;
import dev.mayfly.job.When;
import dev.mayfly.source.Exchange;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Artifacts to and from a server that answers in all the ways that it may. */
class GitLabExchangeTest {

    private static final byte[] CONTENT = "packed".getBytes(UTF_8);
    private static final long MOST = 1 << 20;

    @TempDir private Path folder;
    private GitLabFixture gitlab;
    private StubJob earlier;

    @BeforeEach
    void open() {
        gitlab = new GitLabFixture(folder);
        earlier = gitlab.stub.running(gitlab.runner, GitLabFixture.job(900));
    }

    @AfterEach
    void close() {
        gitlab.close();
    }

    @Test
    void artifactArrivesWithAllThatTheServerWantsToKnow() throws Exception {
        StubPayload payload = GitLabFixture.job(1).variable("CI_COMMIT_REF_SLUG", "main");
        ObjectNode wish = payload.artifact("archive", "zip", "${OUT:-dist}/$CI_COMMIT_REF_SLUG/**");
        wish.put("name", "app-$CI_COMMIT_REF_SLUG")
                .put("expire_in", "1 week")
                .put("when", "always");
        wish.putArray("exclude").add("**/*.map");
        wish.put("untracked", true);
        StubJob job = gitlab.stub.enqueue(gitlab.runner, payload);
        Exchange exchange = exchange();
        Artifact artifact = exchange.transfers().artifacts().getFirst();

        assertThat(artifact)
                .isEqualTo(
                        new Artifact(
                                new Artifact.Label("archive", "app-main", "1 week"),
                                new Artifact.Packing(Artifact.Form.ZIP, -1),
                                When.ALWAYS,
                                new FileSelection(
                                        List.of("dist/main/**"), List.of("**/*.map"), true)));
        assertThat(exchange.send(artifact, out -> out.write(CONTENT))).contains("201");
        assertThat(job.artifacts())
                .singleElement()
                .satisfies(kept -> {
                    assertThat(kept.type()).isEqualTo("archive");
                    assertThat(kept.format()).isEqualTo("zip");
                    assertThat(kept.expireIn()).isEqualTo("1 week");
                    assertThat(kept.fileName()).isEqualTo("app-main.zip");
                    assertThat(kept.bytes()).isEqualTo(CONTENT);
                });
    }

    @Test
    void reportsAreSentInTheirFormats() throws Exception {
        StubPayload payload =
                GitLabFixture.job(1).variable("ARTIFACT_COMPRESSION_LEVEL", "fastest");
        payload.artifact("junit", "gzip", "junit.xml").put("name", "junit.xml");
        payload.artifact("sast", "raw", "gl-sast-report.json").put("name", "gl-sast-report.json");
        StubJob job = gitlab.stub.enqueue(gitlab.runner, payload);
        Exchange exchange = exchange();
        for (Artifact artifact : exchange.transfers().artifacts()) {
            exchange.send(artifact, out -> out.write(CONTENT));
        }

        assertThat(job.artifacts())
                .extracting(StubJob.Artifact::fileName)
                .containsExactly("junit.xml.gz", "gl-sast-report.json");
        assertThat(exchange.transfers().artifacts().getFirst().packing().level()).isEqualTo(1);
    }

    @Test
    void nameCannotBreakOutOfItsHeader() throws Exception {
        StubPayload payload = GitLabFixture.job(1);
        payload.artifact("archive", "zip", "dist").put("name", "a\"\r\nX: y/../b");
        StubJob job = gitlab.stub.enqueue(gitlab.runner, payload);
        send();

        assertThat(job.artifacts().getFirst().fileName()).isEqualTo("a___X: y_.._b.zip");
    }

    @Test
    void busyServerIsAskedSixTimes() throws Exception {
        StubJob job = withArtifact();
        for (int i = 0; i < 5; i++) {
            gitlab.stub.next(StubEndpoint.UPLOAD, StubFault.status(503));
        }
        send();

        assertThat(job.artifacts()).hasSize(1);
        assertThat(uploads()).isEqualTo(6);
    }

    @ParameterizedTest
    @CsvSource({"400, 3", "500, 3", "503, 6", "403, 1", "404, 1", "405, 1", "413, 1", "302, 1"})
    void refusalIsRepeatedAsOftenAsThereIsHope(int status, int times) {
        withArtifact();
        gitlab.stub.always(StubEndpoint.UPLOAD, StubFault.status(status));

        assertThatThrownBy(this::send)
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("status " + status)
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.ARTIFACTS);
        assertThat(uploads()).isEqualTo(times);
    }

    @Test
    void artifactWhoseAnswerWasLostIsKeptOnce() throws Exception {
        StubJob job = withArtifact();
        gitlab.stub.next(StubEndpoint.UPLOAD, new StubFault.CutBefore(), new StubFault.CutAfter());
        send();

        assertThat(job.artifacts()).hasSize(1);
        assertThat(uploads()).isEqualTo(3);
    }

    @Test
    void redirectWithinTheServerIsFollowed() throws Exception {
        StubJob job = withArtifact();
        gitlab.stub.next(
                StubEndpoint.UPLOAD,
                StubFault.status(
                        307,
                        "Location",
                        gitlab.stub.url()
                                + "/api/v4/jobs/"
                                + job.id()
                                + "/artifacts?artifact_type=archive&artifact_format=zip"));
        send();

        assertThat(job.artifacts()).hasSize(1);
    }

    @Test
    void tokenIsNotSentToWhereAnUploadIsRedirected() {
        withArtifact();
        gitlab.stub.always(
                StubEndpoint.UPLOAD,
                StubFault.status(307, "Location", "http://localhost:9/elsewhere"));

        assertThatThrownBy(this::send)
                .hasMessageContaining("another host, to which the job's token is not sent");
        assertThat(uploads()).isEqualTo(1);
    }

    @Test
    void serverThatHasEnoughStopsTheStream() {
        StubJob job = withArtifact();
        job.artifactLimit(40 << 20);
        AtomicLong written = new AtomicLong();
        byte[] piece = new byte[1 << 20];

        assertThatThrownBy(() ->
                        send(out -> {
                            for (int i = 0; i < 1000; i++) {
                                out.write(piece);
                                written.addAndGet(piece.length);
                            }
                        }))
                .isInstanceOf(FaultException.class);
        assertThat(written.get()).isLessThan(3L * (200 << 20));
        assertThat(job.artifacts()).isEmpty();
    }

    @Test
    void contentThatFailsIsNotKeptAndNotTriedAgain() {
        StubJob job = withArtifact();

        assertThatThrownBy(() ->
                        send(out -> {
                            out.write(new byte[1 << 20]);
                            throw new FaultException(Fault.ARTIFACTS, "a secret is in it");
                        }))
                .hasMessageContaining("a secret is in it");
        assertThat(job.artifacts()).isEmpty();
    }

    @Test
    void largeContentIsCutIntoPiecesAndComesWhole() throws Exception {
        StubJob job = withArtifact();
        byte[] piece = new byte[(1 << 20) + 1];
        send(out -> {
            for (int i = 0; i < 100; i++) {
                out.write(piece);
            }
        });

        assertThat(job.artifacts().getFirst().length()).isGreaterThan(100L * piece.length);
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void archiveIsFetchedFromTheServerOrFromItsStorage(boolean elsewhere) throws Exception {
        earlier.download(CONTENT, elsewhere);
        withDependency(CONTENT.length);

        assertThat(fetch(MOST)).isEqualTo(CONTENT);
        assertThat(gitlab.stub.requests(StubEndpoint.DOWNLOAD).getFirst().header("JOB-TOKEN"))
                .isEqualTo(earlier.token());
    }

    @Test
    void storageThatCannotBeReachedIsGoneAround() throws Exception {
        earlier.download(CONTENT, false);
        withDependency(0);
        gitlab.stub.next(
                StubEndpoint.DOWNLOAD,
                StubFault.status(302, "Location", "http://localhost:9/archive"));

        assertThat(fetch(MOST)).isEqualTo(CONTENT);
        assertThat(gitlab.stub.requests(StubEndpoint.DOWNLOAD))
                .extracting(request -> request.parameter("direct_download"))
                .containsExactly("true", null);
    }

    @ParameterizedTest
    @CsvSource({
        "404, 1, have expired or were erased",
        "401, 1, does not let this job",
        "403, 1, does not let this job",
        "500, 3, could not be fetched in 3 attempts"
    })
    void archiveThatIsNotToBeHadIsSaidWithItsReason(int status, int times, String because) {
        withDependency(0);
        gitlab.stub.always(StubEndpoint.DOWNLOAD, StubFault.status(status));

        assertThatThrownBy(() -> fetch(MOST))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(because);
        assertThat(gitlab.stub.requests(StubEndpoint.DOWNLOAD)).hasSize(times);
    }

    @Test
    void archiveThatBreaksOffIsFetchedAgainFromItsBeginning() throws Exception {
        earlier.download("0123456789".repeat(10_000).getBytes(UTF_8), false);
        withDependency(0);
        gitlab.stub.next(
                StubEndpoint.DOWNLOAD, new StubFault.Truncated(), new StubFault.CutBefore());

        assertThat(fetch(MOST)).hasSize(100_000);
    }

    @Test
    void archiveThatIsTooLongIsRefusedWhetherOrNotTheServerSaysSo() {
        earlier.download(CONTENT, false);
        withDependency(0);
        assertThatThrownBy(() -> fetch(CONTENT.length - 1))
                .hasMessageContaining("longer than 5 bytes");
        assertThat(gitlab.stub.requests(StubEndpoint.DOWNLOAD)).hasSize(1);
    }

    @Test
    void archiveWhoseSizeIsKnownToBeTooLargeIsNotEvenAskedFor() {
        withDependency(MOST + 1);

        assertThatThrownBy(() -> fetch(MOST)).hasMessageContaining("this host's limit");
        assertThat(gitlab.stub.requests(StubEndpoint.DOWNLOAD)).isEmpty();
    }

    @Test
    void jobWithoutAnArchiveIsNoDependency() throws Exception {
        StubPayload payload = GitLabFixture.job(2).dependency(earlier, 1);
        ((ObjectNode) payload.node().path("dependencies").get(0)).putNull("artifacts_file");
        gitlab.stub.enqueue(gitlab.runner, payload);

        Transfers transfers = exchange().transfers();
        assertThat(transfers.dependencies()).isEmpty();
        assertThat(transfers.bring()).isFalse();
    }

    private StubJob withArtifact() {
        StubPayload payload = GitLabFixture.job(1);
        payload.artifact("archive", "zip", "dist");
        return gitlab.stub.enqueue(gitlab.runner, payload);
    }

    private void withDependency(long size) {
        gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(2).dependency(earlier, size));
    }

    private Exchange exchange() throws InterruptedException {
        return gitlab.source.report(gitlab.claim()).exchange();
    }

    private void send() throws InterruptedException {
        send(out -> out.write(CONTENT));
    }

    private void send(Exchange.Content content) throws InterruptedException {
        Exchange exchange = exchange();
        exchange.send(exchange.transfers().artifacts().getFirst(), content);
    }

    private byte[] fetch(long most) throws IOException, InterruptedException {
        Exchange exchange = exchange();
        Dependency dependency = exchange.transfers().dependencies().getFirst();
        Path file = folder.resolve("fetched");
        try (FileChannel into =
                FileChannel.open(
                        file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE))) {
            exchange.fetch(dependency, into, most);
        }
        return Files.readAllBytes(file);
    }

    private int uploads() {
        return gitlab.stub.requests(StubEndpoint.UPLOAD).size();
    }
}
