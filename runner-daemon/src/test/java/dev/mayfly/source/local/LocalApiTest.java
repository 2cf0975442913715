package dev.mayfly.source.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.Eventually;
import dev.mayfly.WrittenLog;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.JobReport;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LocalApiTest {

    @TempDir Path folder;
    private ApiFixture fixture;
    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeEach
    void start() {
        fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
    }

    @AfterEach
    void stop() {
        fixture.close();
        http.close();
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + fixture.api.port() + path))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + ApiFixture.TOKEN);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) {
        return JobJson.tree(response.body());
    }

    private HttpRequest.Builder document(String body) {
        return to("/api/v1/jobs")
                .header("Content-Type", "application/yaml")
                .POST(BodyPublishers.ofString(body));
    }

    private static void assertProblem(HttpResponse<String> response, int status, String type) {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type"))
                .contains("application/problem+json");
        JsonNode problem = json(response);
        assertThat(problem.path("type").asText()).isEqualTo("urn:mayfly:problem:" + type);
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("detail").asText()).isNotBlank();
        assertThat(problem.path("cure").asText()).isNotBlank();
    }

    // -- who may ask

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer wrong-token-wrong-token", "Basic YTpi", "bearer"})
    void withoutTheTokenNothingIsToldOrDone(String authorization) throws Exception {
        JobId job = fixture.submit("secret plan");
        for (String path :
                List.of(
                        "/api/v1/jobs",
                        "/api/v1/jobs/" + job,
                        "/api/v1/jobs/" + job + "/log",
                        "/api/v1/jobs/" + job + "/events",
                        "/api/v1/openapi.json",
                        "/api/v1/nowhere")) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + fixture.api.port() + path));
            if (!authorization.isEmpty()) {
                request.header("Authorization", authorization);
            }
            HttpResponse<String> answer = send(request);
            assertProblem(answer, 401, "token");
            assertThat(answer.headers().firstValue("WWW-Authenticate")).isPresent();
            assertThat(answer.body()).doesNotContain("secret plan", ApiFixture.TOKEN);
        }
        HttpRequest.Builder cancel =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + fixture.api.port()
                                                + "/api/v1/jobs/"
                                                + job
                                                + "/cancel"))
                        .POST(BodyPublishers.noBody());
        assertProblem(send(cancel), 401, "token");
        assertThat(fixture.source.job(job).orElseThrow().state().ended()).isFalse();
    }

    @Test
    void aPageInABrowserIsTurnedAway() throws Exception {
        assertProblem(
                send(to("/api/v1/jobs").header("Origin", "http://127.0.0.1:1")), 403, "origin");
        assertProblem(send(to("/metrics").header("Origin", "null")), 403, "origin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rebound.example", "127.0.0.1.rebound.example", "localhost.x"})
    void aNameThatIsNotOursIsTurnedAway(String host) throws Exception {
        String answer =
                raw(
                        "GET /metrics HTTP/1.1\r\nHost: "
                                + host
                                + ":"
                                + fixture.api.port()
                                + "\r\nConnection: close\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 403").contains("urn:mayfly:problem:origin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:99"})
    void ourOwnNamesAreServed(String host) throws Exception {
        assertThat(raw("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200");
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), fixture.api.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void anAddressThatOthersCanReachNeedsNames() {
        assertThatThrownBy(() ->
                        new ApiFixture(
                                folder.resolve("b"), new ApiEndpoint.Tcp("0.0.0.0", 0, Set.of())))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("0.0.0.0")
                .hasMessageContaining("127.0.0.1");
        try (ApiFixture open =
                new ApiFixture(
                        folder.resolve("c"),
                        new ApiEndpoint.Tcp("0.0.0.0", 0, Set.of("runner.example")))) {
            assertThat(open.api.port()).isPositive();
        }
    }

    @Test
    void theTokenFileMustBeClosedToOthers() throws Exception {
        Path file = folder.resolve("token");
        ApiToken made = ApiToken.readOrCreate(file);
        assertThat(ApiToken.readOrCreate(file).header()).isEqualTo(made.header());
        assertThat(made.granted(made.header())).isTrue();
        assertThat(made.toString()).doesNotContain(Files.readString(file).strip());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> ApiToken.read(file))
                .hasMessageContaining("chmod 600")
                .hasMessageNotContaining(Files.readString(file).strip());
    }

    // -- submitting

    @Test
    void aSubmittedJobWaitsAndIsToldBack() throws Exception {
        HttpResponse<String> answer = send(document("{\"name\": \"first\"}"));
        assertThat(answer.statusCode()).isEqualTo(201);
        String id = json(answer).path("id").asText();
        assertThat(answer.headers().firstValue("Location")).contains("/api/v1/jobs/" + id);
        assertThat(json(answer).path("phase").asText()).isEqualTo("queued");
        assertThat(fixture.source.claim(TestJobs.POOL, Duration.ZERO))
                .hasValueSatisfying(claim -> assertThat(claim.job().value()).isEqualTo(id));
    }

    @Test
    void aDocumentWithMistakesIsAnsweredWithAllOfThem() throws Exception {
        HttpResponse<String> answer = send(document("{\"nam\": \"first\"}"));
        assertProblem(answer, 422, "document");
        JsonNode mistake = json(answer).path("problems").get(0);
        assertThat(mistake.path("field").asText()).isEqualTo("name");
        assertThat(mistake.path("line").asInt()).isEqualTo(3);
        assertThat(mistake.path("cure").asText()).isEqualTo("give the job a name");
    }

    @Test
    void aJobThatMayNotRunHereIsRefusedWithTheReason() throws Exception {
        HttpResponse<String> answer = send(document("{\"name\": \"forbidden\"}"));
        assertProblem(answer, 403, "refused");
        assertThat(json(answer).path("detail").asText()).contains("rename it");
    }

    @Test
    void aDocumentCannotNameAFileOfTheHost() throws Exception {
        HttpResponse<String> answer =
                send(document("{\"name\": \"thief\", \"tar\": \"/etc/shadow\"}"));
        assertProblem(answer, 400, "request");
        assertThat(fixture.source.list(new JobQuery(JobQuery.State.ANY, 5, null))).isEmpty();
    }

    @Test
    void limitsAreKept() throws Exception {
        assertProblem(
                send(document("{\"name\": \"" + "x".repeat(ApiFixture.DOCUMENT_BYTES) + "\"}")),
                413,
                "size");
        assertProblem(
                send(form("{\"name\": \"big\"}", "x".repeat((int) ApiFixture.UPLOAD_BYTES), null)),
                413,
                "size");
        assertProblem(
                send(
                        form(
                                "{\"name\": \"" + "x".repeat(ApiFixture.DOCUMENT_BYTES) + "\"}",
                                "y",
                                null)),
                400,
                "request");
        assertProblem(
                send(to("/api/v1/jobs/j-1/cancel").POST(BodyPublishers.ofString("x".repeat(5000)))),
                413,
                "size");
        assertNoUploadIsLeft();
    }

    @Test
    void aStrangeContentTypeIsRefused() throws Exception {
        assertProblem(
                send(
                        to("/api/v1/jobs")
                                .header("Content-Type", "text/plain")
                                .POST(BodyPublishers.ofString("{}"))),
                415,
                "type");
        assertProblem(send(to("/api/v1/jobs").POST(BodyPublishers.ofString("{}"))), 415, "type");
    }

    private HttpRequest.Builder form(String document, String workspace, @Nullable String commit) {
        String body =
                "--B\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n"
                        + document
                        + (commit == null
                                ? ""
                                : "\r\n--B\r\nContent-Disposition: form-data; name=\"commit\"\r\n\r\n"
                                        + commit)
                        + "\r\n--B\r\nContent-Disposition: form-data; name=\"workspace\";"
                        + " filename=\"w.tar\"\r\nContent-Type: application/x-tar\r\n\r\n"
                        + workspace
                        + "\r\n--B--\r\n";
        return to("/api/v1/jobs")
                .header("Content-Type", "multipart/form-data; boundary=B")
                .POST(BodyPublishers.ofString(body));
    }

    private void assertNoUploadIsLeft() throws Exception {
        Eventually.holds("no upload is left", Duration.ofSeconds(5), () -> uploads() == 0);
    }

    private long uploads() throws IOException {
        try (Stream<Path> files = Files.list(fixture.directory.incoming())) {
            return files.count();
        }
    }

    @Test
    void aPackedWorkspaceComesAlong() throws Exception {
        String content = "0123456789".repeat(20_000);
        assertThat(send(form("{\"name\": \"packed\"}", content, null)).statusCode()).isEqualTo(201);
        WorkspaceSource workspace =
                fixture.source
                        .claim(TestJobs.POOL, Duration.ZERO)
                        .orElseThrow()
                        .spec()
                        .inputs()
                        .workspace();
        assertThat(workspace)
                .isInstanceOfSatisfying(
                        WorkspaceSource.Archive.class,
                        archive -> assertThat(archive.tar()).hasContent(content));
        assertNoUploadIsLeft();
    }

    @Test
    void aBundleNeedsItsWholeCommit() throws Exception {
        assertProblem(send(form("{\"name\": \"b\"}", "x", "abc")), 400, "request");
        assertThat(send(form("{\"name\": \"b\"}", "x", "a".repeat(40))).statusCode())
                .isEqualTo(201);
        assertThat(
                        fixture.source
                                .claim(TestJobs.POOL, Duration.ZERO)
                                .orElseThrow()
                                .spec()
                                .inputs()
                                .workspace())
                .isInstanceOf(WorkspaceSource.Bundle.class);
        assertNoUploadIsLeft();
    }

    @Test
    void aRefusedUploadLeavesNothing() throws Exception {
        assertProblem(send(form("{\"name\": \"forbidden\"}", "x", null)), 403, "refused");
        assertProblem(send(form("{\"nam\": \"x\"}", "x", null)), 422, "document");
        assertProblem(
                send(form("{\"name\": \"g\", \"url\": \"https://h/r\"}", "x", null)),
                400,
                "request");
        assertNoUploadIsLeft();
    }

    // -- looking

    @Test
    void aJobIsDescribedWithoutItsValues() throws Exception {
        JobId id =
                fixture.source.submit(
                        TestJobs.job(
                                "described",
                                null,
                                Map.of("PASSWORD", "hunter-two"),
                                new WorkspaceSource.Git(
                                        "https://me:hunter-two@git.example/r", "c".repeat(40))));
        HttpResponse<String> answer = send(to("/api/v1/jobs/" + id));
        assertThat(answer.body()).contains("PASSWORD").doesNotContain("hunter-two");
        assertThat(json(answer).path("spec").path("url").asText())
                .isEqualTo("https://(hidden)@git.example/r");
    }

    @Test
    void jobsAreListedPageByPage() throws Exception {
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            ids.add(fixture.submit("job " + i).value());
        }
        Set<String> seen = new HashSet<>();
        String next = "";
        do {
            JsonNode page =
                    json(
                            send(
                                    to(
                                            "/api/v1/jobs?state=queued&limit=2"
                                                    + (next.isEmpty() ? "" : "&after=" + next))));
            page.path("jobs").forEach(job -> seen.add(job.path("id").asText()));
            next = page.path("next").asText();
        } while (!next.isEmpty());
        assertThat(seen).isEqualTo(ids);
        assertProblem(send(to("/api/v1/jobs?limit=0")), 400, "request");
        assertProblem(send(to("/api/v1/jobs?limit=many")), 400, "request");
        assertProblem(send(to("/api/v1/jobs?state=odd")), 400, "request");
    }

    @Test
    void whatIsNotThereIsSaidToBeMissing() throws Exception {
        assertProblem(send(to("/api/v1/jobs/j-none")), 404, "unknown");
        assertProblem(send(to("/api/v1/jobs/j-none/log")), 404, "unknown");
        assertProblem(send(to("/api/v1/jobs/j-none/events")), 404, "unknown");
        assertProblem(send(to("/api/v1/jobs/..%2Fstate.db/log")), 404, "unknown");
        assertProblem(
                send(to("/api/v1/jobs/j-none/cancel").POST(BodyPublishers.noBody())),
                404,
                "unknown");
        assertProblem(send(to("/nowhere")), 404, "unknown");
        assertProblem(send(to("/api/v1/jobs").DELETE()), 405, "method");
    }

    @Test
    void aJobIsCancelledWithTheReasonGiven() throws Exception {
        JobId id = fixture.submit("unwanted");
        HttpResponse<String> answer =
                send(
                        to("/api/v1/jobs/" + id + "/cancel")
                                .POST(BodyPublishers.ofString("{\"reason\": \"not needed\"}")));
        assertThat(json(answer).path("effect").asText()).isEqualTo("ended");
        assertThat(fixture.source.job(id).orElseThrow().state().outcome())
                .isEqualTo(new Outcome.Cancelled("not needed"));
        assertThat(
                        json(send(
                                        to("/api/v1/jobs/" + id + "/cancel")
                                                .POST(BodyPublishers.noBody())))
                                .path("effect")
                                .asText())
                .isEqualTo("too_late");
    }

    @Test
    void probesTellTheirReasons() throws Exception {
        for (String probe : List.of("/healthz", "/readyz")) {
            HttpResponse<String> answer = send(to(probe));
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("{\"ok\":true,\"reasons\":[]}");
        }
        fixture.notReady = List.of("the engine does not answer", "Vault is sealed");
        HttpResponse<String> ready = send(to("/readyz"));
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(ready.body())
                .isEqualTo(
                        "{\"ok\":false,\"reasons\":[\"the engine does not answer\",\"Vault is"
                                + " sealed\"]}");
        assertThat(send(to("/healthz")).statusCode()).isEqualTo(200);
    }

    @Test
    void processThatHangsSaysSoAndIsNotAlive() throws Exception {
        fixture.notAlive = List.of("the reaper has not moved for 900 s");
        HttpResponse<String> answer = send(to("/healthz"));
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(json(answer).path("reasons").get(0).asText())
                .isEqualTo("the reaper has not moved for 900 s");
        assertThat(send(to("/readyz")).statusCode()).isEqualTo(200);
    }

    @Test
    void metricsComeInTheFormatThatIsAskedFor() throws Exception {
        HttpResponse<String> answer = send(to("/metrics").header("Accept", "openmetrics"));
        assertThat(answer.body()).isEqualTo("mayfly_up 1\n");
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("for/openmetrics");
        assertThat(answer.headers().firstValue("Vary")).hasValue("Accept");
        assertThat(send(to("/metrics")).headers().firstValue("Content-Type")).hasValue("for/");
    }

    @Test
    void theRawLogIsServedAsItIs() throws Exception {
        JobId id = fixture.submit("talking");
        assertThat(send(to("/api/v1/jobs/" + id + "/log")).body()).isEmpty();
        JobReport report = fixture.run();
        new WrittenLog(report.logs().getFirst()).output("<b>hällo</b>\n");
        HttpResponse<String> answer = send(to("/api/v1/jobs/" + id + "/log"));
        assertThat(answer.body()).isEqualTo("<b>hällo</b>\n");
        assertThat(answer.headers().firstValue("Content-Type"))
                .contains("text/plain; charset=utf-8");
        assertThat(answer.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    }

    // -- following

    private record Frame(String id, String event, JsonNode data) {
        String text() {
            return new String(
                    Base64.getDecoder().decode(data.path("data").asText()), StandardCharsets.UTF_8);
        }
    }

    private List<Frame> follow(JobId id, String lastEventId) throws Exception {
        return follow(id, lastEventId, new ArrayList<>());
    }

    /** Follows to the end; what has arrived so far is in the given list. */
    private List<Frame> follow(JobId id, String lastEventId, List<Frame> frames) throws Exception {
        HttpResponse<Stream<String>> response =
                http.send(
                        to("/api/v1/jobs/" + id + "/events")
                                .header("Last-Event-ID", lastEventId)
                                .build(),
                        BodyHandlers.ofLines());
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
        String[] fields = new String[3];
        response.body()
                .forEach(line -> {
                    if (line.startsWith("id: ")) {
                        fields[0] = line.substring(4);
                    } else if (line.startsWith("event: ")) {
                        fields[1] = line.substring(7);
                    } else if (line.startsWith("data: ")) {
                        fields[2] = line.substring(6);
                        frames.add(new Frame(fields[0], fields[1], JobJson.tree(fields[2])));
                    }
                });
        return frames;
    }

    private static void awaitFrames(List<Frame> arrived, int count) throws InterruptedException {
        Eventually.holds(
                count + " frames have arrived live",
                Duration.ofSeconds(10),
                () -> arrived.size() >= count);
    }

    @Test
    void theLogIsFollowedLiveToTheOutcome() throws Exception {
        JobId id = fixture.submit("followed");
        List<Frame> arrived = new CopyOnWriteArrayList<>();
        Thread job =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                JobReport report = fixture.run();
                                WrittenLog log = new WrittenLog(report.logs().getFirst());
                                Instant now = Instant.now();
                                log.event(new LogEvent.SectionStarted(now, "script"));
                                log.output(now, "one\n".getBytes(UTF_8));
                                awaitFrames(arrived, 2);
                                // Later than "one", or a reader who comes afterwards gets both as
                                // one piece.
                                log.output(now.plusSeconds(1), "two\n".getBytes(UTF_8));
                                log.event(new LogEvent.Notice(now, "note"));
                                log.event(
                                        new LogEvent.SectionEnded(
                                                now, "script", Duration.ofMillis(250)));
                                log.finish();
                                awaitFrames(arrived, 5);
                                report.finished(new Outcome.Failed(7));
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        List<Frame> frames = follow(id, "", arrived);
        job.join();
        assertThat(frames)
                .extracting(Frame::event)
                .containsExactly(
                        "section-start", "output", "output", "notice", "section-end", "end");
        assertThat(frames.get(1).text() + frames.get(2).text()).isEqualTo("one\ntwo\n");
        assertThat(frames.getLast().data().path("outcome").path("exit_code").asInt()).isEqualTo(7);

        for (int i = 0; i < frames.size() - 1; i++) {
            assertThat(follow(id, frames.get(i).id()))
                    .isEqualTo(frames.subList(i + 1, frames.size()));
        }
    }

    @Test
    void aPositionThatIsNoneIsRefused() throws Exception {
        JobId id = fixture.submit("x");
        for (String position : List.of("-1-0", "abc", "1", "99999999999999999999-0")) {
            assertProblem(
                    send(to("/api/v1/jobs/" + id + "/events").header("Last-Event-ID", position)),
                    400,
                    "request");
        }
    }

    @Test
    void aCancelledJobThatNeverRanHasAnEndAndNoLog() throws Exception {
        JobId id = fixture.submit("never");
        fixture.source.cancel(id, "no");
        assertThat(follow(id, "")).extracting(Frame::event).containsExactly("end");
    }

    /** More than every buffer between the two can hold, and nobody reads it. */
    @Test
    void aViewerThatDoesNotReadSlowsNobody() throws Exception {
        JobId id = fixture.submit("loud");
        JobReport report = fixture.run();
        byte[] chunk = "x".repeat(64 * 1024).getBytes(StandardCharsets.UTF_8);
        int chunks = 400;
        try (Socket stuck = new Socket(InetAddress.getLoopbackAddress(), fixture.api.port())) {
            stuck.getOutputStream()
                    .write(
                            ("GET /api/v1/jobs/"
                                            + id
                                            + "/events HTTP/1.1\r\nHost: localhost\r\n"
                                            + "Authorization: Bearer "
                                            + ApiFixture.TOKEN
                                            + "\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
            long before = System.nanoTime();
            WrittenLog log = new WrittenLog(report.logs().getFirst());
            for (int i = 0; i < chunks; i++) {
                log.output(Instant.now(), chunk);
            }
            log.finish();
            report.finished(new Outcome.Passed());
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .isLessThan(Duration.ofSeconds(15));

            long total = 0;
            for (Frame frame : follow(id, "")) {
                total += frame.event().equals("output") ? frame.text().length() : 0;
            }
            assertThat(total).isEqualTo((long) chunk.length * chunks);

            // And when it reads at last, it gets everything.
            stuck.setSoTimeout(10_000);
            long got = 0;
            InputStream in = stuck.getInputStream();
            byte[] buffer = new byte[1 << 16];
            StringBuilder tail = new StringBuilder();
            while (tail.indexOf("event: end") < 0) {
                int read = in.read(buffer);
                assertThat(read).isPositive();
                got += read;
                tail.append(new String(buffer, 0, read, StandardCharsets.US_ASCII));
                if (tail.length() > 1000) {
                    tail.delete(0, tail.length() - 1000);
                }
            }
            assertThat(got).isGreaterThan(total);
        }
    }

    @Test
    void aViewerThatGoesAwayIsForgotten() throws Exception {
        JobId id = fixture.submit("quiet");
        // More than are allowed at once, one after the other.
        for (int i = 0; i < 70; i++) {
            try (Socket viewer = new Socket(InetAddress.getLoopbackAddress(), fixture.api.port())) {
                viewer.setSoTimeout(10_000);
                viewer.getOutputStream()
                        .write(
                                ("GET /api/v1/jobs/"
                                                + id
                                                + "/events HTTP/1.1\r\nHost: localhost\r\n"
                                                + "Authorization: Bearer "
                                                + ApiFixture.TOKEN
                                                + "\r\n\r\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                byte[] head = viewer.getInputStream().readNBytes(12);
                assertThat(new String(head, StandardCharsets.US_ASCII)).endsWith("200");
            }
        }
    }

    // -- the description

    @Test
    void requestsAtOnceCannotExceedTheLimitOfViewers() throws Exception {
        JobId id = fixture.submit("popular");
        for (int i = 0; i < 70; i++) {
            assertThat(send(to("/api/v1/jobs/j-none/events")).statusCode()).isEqualTo(404);
        }
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                sockets.add(new Socket(InetAddress.getLoopbackAddress(), fixture.api.port()));
            }
            byte[] request =
                    ("GET /api/v1/jobs/"
                                    + id
                                    + "/events HTTP/1.1\r\nHost: 127.0.0.1:"
                                    + fixture.api.port()
                                    + "\r\nAuthorization: Bearer "
                                    + ApiFixture.TOKEN
                                    + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII);
            for (Socket socket : sockets) {
                socket.setSoTimeout(10_000);
                socket.getOutputStream().write(request);
            }
            List<String> answers = new ArrayList<>();
            for (Socket socket : sockets) {
                byte[] head = socket.getInputStream().readNBytes(12);
                answers.add(new String(head, StandardCharsets.US_ASCII));
            }
            assertThat(answers).filteredOn(answer -> answer.endsWith("200")).hasSize(64);
            assertThat(answers).filteredOn(answer -> answer.endsWith("503")).hasSize(36);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void statusSaysHowTheDaemonDoes() throws Exception {
        HttpResponse<String> answer = send(to("/api/v1/status"));

        assertThat(answer.statusCode()).isEqualTo(200);
        JsonNode status = json(answer);
        assertThat(status.path("version").asText()).isEqualTo("1.2.3");
        assertThat(status.has("drained")).isTrue();
        assertThat(status.path("drained").isNull()).isTrue();
        assertThat(status.path("not_alive")).isEmpty();
        assertThat(status.path("not_ready")).isEmpty();
        JsonNode pool = status.path("pools").path(0);
        assertThat(pool.path("name").asText()).isEqualTo("untrusted");
        assertThat(pool.path("slots").asInt()).isEqualTo(2);
        assertThat(pool.path("claiming").asBoolean()).isTrue();
        assertThat(pool.path("jobs").path(0).asText()).isEqualTo("j-1");
    }

    @Test
    void drainAndResumeAnswerWithTheStatusAfterThem() throws Exception {
        JsonNode drained = json(send(to("/api/v1/drain").POST(BodyPublishers.noBody())));
        assertThat(drained.path("drained").asText()).isEqualTo("2026-01-01T10:00:00Z");
        assertThat(drained.path("pools").path(0).path("claiming").asBoolean()).isFalse();
        assertThat(drained.path("not_ready")).hasSize(1);

        JsonNode resumed = json(send(to("/api/v1/resume").POST(BodyPublishers.noBody())));
        assertThat(resumed.path("drained").isNull()).isTrue();
        assertThat(resumed.path("pools").path(0).path("claiming").asBoolean()).isTrue();
    }

    @Test
    void reloadNamesTheKeys() throws Exception {
        fixture.operations.reloading =
                new Operations.Reloading.Used(List.of("pools.a.timeout"), List.of("api.listen"));
        JsonNode used = json(send(to("/api/v1/reload").POST(BodyPublishers.noBody())));

        assertThat(used.path("live").path(0).asText()).isEqualTo("pools.a.timeout");
        assertThat(used.path("waiting").path(0).asText()).isEqualTo("api.listen");
    }

    @Test
    void configurationThatCannotBeUsedIsAProblemWithItsCure() throws Exception {
        fixture.operations.reloading =
                new Operations.Reloading.Refused("/etc/mayfly.yaml:3:1: slots: is \"none\"");
        HttpResponse<String> refused = send(to("/api/v1/reload").POST(BodyPublishers.noBody()));

        assertProblem(refused, 422, "configuration");
        assertThat(refused.body()).contains("/etc/mayfly.yaml:3:1", "goes on as before");
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "drain", "resume", "reload"})
    void operatorsNeedTheTokenToo(String operation) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(to("/api/v1/" + operation).build().uri());
        if (!operation.equals("status")) {
            request.POST(BodyPublishers.noBody());
        }

        assertProblem(send(request), 401, "token");
        assertThat(fixture.operations.status().drained()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"drain", "resume", "reload"})
    void lookingChangesNothing(String operation) throws Exception {
        assertProblem(send(to("/api/v1/" + operation)), 405, "method");
    }

    @Test
    void everyRouteIsDescribedAndNothingElse() throws Exception {
        Set<String> routes = new HashSet<>();
        fixture.api.router().getRoutes().stream()
                .filter(route -> route.methods() != null && route.getPath() != null)
                .forEach(route ->
                        route.methods()
                                .forEach(method ->
                                        routes.add(
                                                method
                                                        + " "
                                                        + route.getPath()
                                                                .replaceAll(":(\\w+)", "{$1}"))));
        Set<String> described = new HashSet<>();
        JsonNode description = json(send(to("/api/v1/openapi.json")));
        assertThat(description.path("openapi").asText()).startsWith("3.1.");
        description
                .path("paths")
                .properties()
                .forEach(path ->
                        path.getValue()
                                .fieldNames()
                                .forEachRemaining(method ->
                                        described.add(
                                                method.toUpperCase(Locale.ROOT)
                                                        + " "
                                                        + path.getKey())));
        assertThat(described).isEqualTo(routes).hasSize(14);
    }
}
