package dev.mayfly.source.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.CuttingProxy;
import dev.mayfly.WrittenLog;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.state.StateDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class LocalClientTest {

    @TempDir Path folder;

    private static LocalClient client(ApiEndpoint endpoint) {
        return new LocalClient(endpoint, new ApiToken(ApiFixture.TOKEN));
    }

    /** Keeps what it gets, as text. */
    private static final class Kept implements LogSink {
        final List<String> events = new ArrayList<>();
        final StringBuilder output = new StringBuilder();
        private final LogOrder order = new LogOrder(LogPosition.START);
        boolean finished;

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            order.output(start, length);
            output.append(new String(bytes, offset, length, StandardCharsets.UTF_8));
        }

        @Override
        public void event(LogPosition at, LogEvent event) {
            order.event(at);
            switch (event) {
                case LogEvent.SectionStarted(Instant _, String section) ->
                        events.add("+" + section + "@" + output.length());
                case LogEvent.SectionEnded(Instant _, String section, Duration took) ->
                        events.add("-" + section + " " + took.toMillis());
                case LogEvent.Notice(Instant _, String text) -> events.add("!" + text);
            }
        }

        @Override
        public void finish(LogPosition total) {
            order.end(total);
            finished = true;
        }
    }

    private static void talk(JobReport report, int lines) throws InterruptedException {
        WrittenLog log = new WrittenLog(report.logs().getFirst());
        log.event(new LogEvent.SectionStarted(Instant.now(), "script"));
        for (int i = 0; i < lines; i++) {
            log.output("line " + i + "\n");
            if (i % 50 == 0) {
                log.event(new LogEvent.Notice(Instant.now(), "at " + i));
            }
        }
        log.event(new LogEvent.SectionEnded(Instant.now(), "script", Duration.ofMillis(42)));
        log.finish();
        report.finished(new Outcome.Passed());
    }

    private static String lines(int lines) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            text.append("line ").append(i).append('\n');
        }
        return text.toString();
    }

    @Test
    void statusArrivesAsItWasSent() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                LocalClient client = client(fixture.api.endpoint())) {
            DaemonStatus status = client.drain();

            assertThat(status.drained()).isEqualTo(Instant.parse("2026-01-01T10:00:00Z"));
            assertThat(status.pools()).isEqualTo(fixture.operations.status().pools());
            assertThat(status.health()).isEqualTo(fixture.operations.status().health());
            assertThat(client.status().drained()).isEqualTo(status.drained());
            assertThat(client.resume().drained()).isNull();
        }
    }

    @Test
    void reloadTellsKeysOrThrowsWhatIsWrong() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                LocalClient client = client(fixture.api.endpoint())) {
            Operations.Reloading.Used used =
                    new Operations.Reloading.Used(List.of("a.b"), List.of("c", "d"));
            fixture.operations.reloading = used;
            assertThat(client.reload()).isEqualTo(used);

            fixture.operations.reloading = new Operations.Reloading.Refused("line 7 is wrong");
            assertThatThrownBy(client::reload)
                    .isInstanceOfSatisfying(
                            ApiProblemException.class,
                            e ->
                                    assertThat(e.kind())
                                            .isEqualTo(ApiProblemException.Kind.CONFIGURATION))
                    .hasMessageContaining("line 7 is wrong");
        }
    }

    @Test
    void aJobIsSubmittedFollowedListedAndCancelled() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                LocalClient client = client(fixture.api.endpoint())) {
            LocalJob job = client.submit("{\"name\": \"first\"}", null);
            assertThat(job.name()).isEqualTo("first");
            Thread running = Thread.ofVirtual().start(() -> run(fixture, 100));
            Kept kept = new Kept();
            FollowedLog ended = client.follow(job.id(), kept, Duration.ofSeconds(5));
            running.join();
            assertThat(ended.end().incompleteBecause()).isNull();
            assertThat(ended.job().state().outcome()).isEqualTo(new Outcome.Passed());
            assertThat(kept.output.toString()).isEqualTo(lines(100));
            assertThat(kept.events).containsExactly("+script@0", "!at 0", "!at 50", "-script 42");
            assertThat(kept.finished).isTrue();
            assertThat(client.get(job.id())).isEqualTo(fixture.source.job(job.id()).orElseThrow());

            LocalJob second = client.submit("{\"name\": \"second\"}", null);
            JobPage page = client.list(new JobQuery(JobQuery.State.ANY, 1, null));
            assertThat(page.jobs()).containsExactly(second);
            assertThat(client.list(new JobQuery(JobQuery.State.ANY, 2, page.next())).jobs())
                    .extracting(LocalJob::id)
                    .containsExactly(job.id());
            assertThat(client.cancel(second.id(), "changed my mind")).isEqualTo(CancelEffect.ENDED);
            assertThat(client.describe(second.id())).contains("changed my mind");
        }
    }

    private static void run(ApiFixture fixture, int lines) {
        try {
            talk(fixture.run(), lines);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aWorkspaceIsUploadedWhole() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                LocalClient client = client(fixture.api.endpoint())) {
            Path tar = Files.writeString(folder.resolve("w.tar"), "0123456789".repeat(25_000));
            client.submit("{\"name\": \"tar\"}", new PackedWorkspace(tar, null));
            client.submit("{\"name\": \"git\"}", new PackedWorkspace(tar, "d".repeat(40)));
            assertThat(tar).exists();
            Claim archive = fixture.source.claim(TestJobs.POOL, Duration.ZERO).orElseThrow();
            assertThat(((WorkspaceSource.Archive) archive.spec().inputs().workspace()).tar())
                    .hasSameBinaryContentAs(tar);
            Claim bundle = fixture.source.claim(TestJobs.POOL, Duration.ZERO).orElseThrow();
            assertThat(bundle.spec().inputs().workspace())
                    .isInstanceOfSatisfying(
                            WorkspaceSource.Bundle.class,
                            got -> {
                                assertThat(got.commit()).isEqualTo("d".repeat(40));
                                assertThat(got.bundle()).hasSameBinaryContentAs(tar);
                            });
        }
    }

    @Test
    void aWorkspaceThatIsTooLargeIsRefusedWithTheReason() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                LocalClient client = client(fixture.api.endpoint())) {
            Path tar = Files.writeString(folder.resolve("w.tar"), "0123456789".repeat(3_000_000));
            assertThatThrownBy(() ->
                            client.submit("{\"name\": \"tar\"}", new PackedWorkspace(tar, null)))
                    .isInstanceOfSatisfying(
                            ApiProblemException.class,
                            e -> assertThat(e.kind()).isEqualTo(ApiProblemException.Kind.SIZE));
        }
    }

    @Test
    void aSocketInTheFileSystemServesTheSame() throws Exception {
        Path socket = folder.resolve("api.sock");
        ApiEndpoint endpoint = new ApiEndpoint.UnixSocket(socket);
        try (ApiFixture fixture = new ApiFixture(folder, endpoint);
                LocalClient client = client(endpoint)) {
            assertThat(Files.getPosixFilePermissions(socket))
                    .isEqualTo(StateDirectory.PRIVATE_FILE);
            LocalJob job = client.submit("{\"name\": \"first\"}", null);
            Path tar = Files.writeString(folder.resolve("w.tar"), "x".repeat(200_000));
            client.submit("{\"name\": \"tar\"}", new PackedWorkspace(tar, null));
            Thread running = Thread.ofVirtual().start(() -> run(fixture, 300));
            Kept kept = new Kept();
            client.follow(job.id(), kept, Duration.ofSeconds(5));
            running.join();
            assertThat(kept.output.toString()).isEqualTo(lines(300));

            assertThatThrownBy(() -> new ApiFixture(folder.resolve("other"), endpoint))
                    .hasMessageContaining("another daemon listens");
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void aSocketThatAKilledDaemonLeftIsReplaced() throws Exception {
        Path socket = folder.resolve("api.sock");
        try (var left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        ApiEndpoint endpoint = new ApiEndpoint.UnixSocket(socket);
        try (ApiFixture _ = new ApiFixture(folder, endpoint);
                LocalClient client = client(endpoint)) {
            assertThat(client.submit("{\"name\": \"first\"}", null)).isNotNull();
        }
    }

    @Test
    void whatTheDaemonRefusesIsThrownWithReasonAndCure() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                LocalClient client = client(fixture.api.endpoint());
                LocalClient stranger =
                        new LocalClient(
                                fixture.api.endpoint(), new ApiToken("x-x-x-x-x-x-x-x-x-x"))) {
            assertThatThrownBy(() -> client.submit("{\"name\": \"forbidden\"}", null))
                    .isInstanceOfSatisfying(
                            ApiProblemException.class,
                            e -> assertThat(e.kind()).isEqualTo(ApiProblemException.Kind.REFUSED))
                    .hasMessageContaining("rename it");
            assertThatThrownBy(() -> client.submit("{\"nam\": 1}", null))
                    .isInstanceOfSatisfying(
                            ApiProblemException.class,
                            e ->
                                    assertThat(e.problems())
                                            .containsExactly(
                                                    new JobDocuments.Problem(
                                                            "name",
                                                            3,
                                                            "it is missing",
                                                            "give the job a name")));
            assertThatThrownBy(() -> client.get(new JobId("j-none")))
                    .isInstanceOfSatisfying(
                            ApiProblemException.class, e -> assertThat(e.status()).isEqualTo(404));
            assertThatThrownBy(() ->
                            stranger.follow(new JobId("j-none"), new Kept(), Duration.ofSeconds(5)))
                    .isInstanceOfSatisfying(
                            ApiProblemException.class,
                            e -> assertThat(e.kind()).isEqualTo(ApiProblemException.Kind.TOKEN));
        }
    }

    @Test
    void aDaemonThatIsNotThereIsNamed() throws Exception {
        try (LocalClient client = client(new ApiEndpoint.Tcp("127.0.0.1", 1, Set.of()))) {
            assertThatThrownBy(() -> client.get(new JobId("j-1")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1")
                    .hasMessageContaining("start one with mayfly daemon");
            assertThatThrownBy(() ->
                            client.follow(new JobId("j-1"), new Kept(), Duration.ofMillis(100)))
                    .isInstanceOf(IOException.class);
        }
    }

    /** The connection breaks every few kilobytes, in the middle of whatever is under way. */
    @Test
    void aBrokenConnectionLosesAndRepeatsNothing() throws Exception {
        try (ApiFixture fixture = new ApiFixture(folder, ApiFixture.ANY_PORT);
                CuttingProxy proxy =
                        new CuttingProxy(
                                new InetSocketAddress(
                                        InetAddress.getLoopbackAddress(), fixture.api.port()),
                                4_000);
                LocalClient client =
                        client(new ApiEndpoint.Tcp("127.0.0.1", proxy.port(), Set.of()))) {
            JobId id = fixture.submit("interrupted");
            Thread running = Thread.ofVirtual().start(() -> run(fixture, 1000));
            Kept kept = new Kept();
            FollowedLog ended = client.follow(id, kept, Duration.ofSeconds(10));
            running.join();
            assertThat(ended.end().incompleteBecause()).isNull();
            assertThat(ended.job().state().outcome()).isEqualTo(new Outcome.Passed());
            assertThat(kept.output.toString()).isEqualTo(lines(1000));
            assertThat(kept.events).hasSize(22).doesNotHaveDuplicates();
            assertThat(proxy.cuts()).isPositive();
        }
    }

    /** Answers each request with what the script says, then hangs up. */
    private record ScriptedServer(ServerSocket socket, List<String> asked)
            implements AutoCloseable {

        static ScriptedServer start(List<String> answers) throws IOException {
            ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            ScriptedServer server = new ScriptedServer(socket, new CopyOnWriteArrayList<>());
            Thread.ofVirtual().start(() -> answers.forEach(server::answer));
            return server;
        }

        private void answer(String frames) {
            try (Socket client = socket.accept()) {
                BufferedReader in =
                        new BufferedReader(
                                new InputStreamReader(
                                        client.getInputStream(), StandardCharsets.US_ASCII));
                for (String line = in.readLine();
                        line != null && !line.isEmpty();
                        line = in.readLine()) {
                    if (line.startsWith("Last-Event-ID: ")) {
                        asked.add(line.substring(15));
                    }
                }
                client.getOutputStream()
                        .write(
                                ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                                                + frames)
                                        .getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                asked.add("failed: " + e);
            }
        }

        LocalClient client() {
            return LocalClientTest.client(
                    new ApiEndpoint.Tcp("127.0.0.1", socket.getLocalPort(), Set.of()));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static String output(long start, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return EventFrame.output(Instant.EPOCH, bytes)
                .text(new LogPosition(start + bytes.length, 0));
    }

    private static String notice(LogPosition at) {
        return EventFrame.of(new LogEvent.Notice(Instant.EPOCH, "said"))
                .text(new LogPosition(at.output(), at.events() + 1));
    }

    private static String end(LogPosition total) {
        LocalJob job =
                new LocalJob(
                        new JobId("j-1"),
                        "local",
                        "scripted",
                        TestJobs.POOL,
                        new JobState(
                                JobPhase.FINISHED,
                                new JobTimes(
                                        Instant.EPOCH, Instant.EPOCH, null, Instant.EPOCH, null),
                                null,
                                new Outcome.Passed(),
                                null));
        LogEnd end = new LogEnd(total, null);
        return EventFrame.end(job, end).text(total);
    }

    @Test
    void theRestIsAskedForWithTheNumberOfWhatHasCome() throws Exception {
        String half = output(5, " world").substring(0, 50);
        try (ScriptedServer server =
                        ScriptedServer.start(
                                List.of(
                                        output(0, "hello") + half,
                                        output(5, " world") + notice(new LogPosition(11, 0)),
                                        end(new LogPosition(11, 1))));
                LocalClient client = server.client()) {
            Kept kept = new Kept();
            FollowedLog followed = client.follow(new JobId("j-1"), kept, Duration.ofSeconds(10));

            assertThat(followed.end().incompleteBecause()).isNull();
            assertThat(kept.output).hasToString("hello world");
            assertThat(kept.events).containsExactly("!said");
            assertThat(kept.finished).isTrue();
            assertThat(server.asked()).containsExactly("0-0", "5-0", "11-1");
        }
    }

    static Stream<Arguments> disorder() {
        return Stream.of(
                Arguments.of("output is missing", output(7, "world")),
                Arguments.of("output is repeated", output(0, "hello")),
                Arguments.of("output overlaps", output(4, "o world")),
                Arguments.of("an event is missing", notice(new LogPosition(5, 1))),
                Arguments.of("an event stands elsewhere", notice(new LogPosition(4, 0))),
                Arguments.of("output is missing at the end", end(new LogPosition(6, 0))),
                Arguments.of("an event is missing at the end", end(new LogPosition(5, 1))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("disorder")
    void whatIsOutOfOrderIsAnErrorAtOnceAndIsNotShown(String what, String next) throws Exception {
        try (ScriptedServer server = ScriptedServer.start(List.of(output(0, "hello") + next));
                LocalClient client = server.client()) {
            Kept kept = new Kept();
            assertThatThrownBy(() -> client.follow(new JobId("j-1"), kept, Duration.ofMinutes(1)))
                    .as(what)
                    .isInstanceOfSatisfying(
                            FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.LOG))
                    .hasMessageStartingWith(
                            "the log is not whole: after 5 bytes of output and 0 events came ");
            assertThat(kept.output).hasToString("hello");
            assertThat(kept.events).isEmpty();
            assertThat(kept.finished).isFalse();
            assertThat(server.asked()).containsExactly("0-0");
        }
    }

    @Test
    void anAddressIsSaidAsAPersonWritesIt() {
        assertThat(new ApiEndpoint.Tcp("127.0.0.1", 9477, Set.of()))
                .hasToString("http://127.0.0.1:9477");
        assertThat(new ApiEndpoint.UnixSocket(Path.of("/run/mayfly.sock")))
                .hasToString("unix:/run/mayfly.sock");
    }

    @Test
    void aPortThatIsTakenIsSaidWithTheCure() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            assertThatThrownBy(() ->
                            new ApiFixture(
                                    folder, new ApiEndpoint.Tcp("127.0.0.1", port, Set.of())))
                    .hasMessage(
                            "the API cannot listen at 127.0.0.1:"
                                    + port
                                    + ": something else listens there; stop the other daemon, or"
                                    + " name another address with api.listen");
        }
    }
}
