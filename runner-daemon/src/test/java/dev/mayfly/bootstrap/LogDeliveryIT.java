package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.source.local.FollowedLog;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Large and odd logs on their whole way, from a container through a daemon with little memory to
 * its disk and its viewers. Needs an engine on this host, the docker command line and the agent
 * image.
 */
@Timeout(180)
class LogDeliveryIT {

    private static final String SECRET = "correct-horse-battery";
    private static final int HEAP_MEBIBYTES = 64;

    /** What a Java process has beside its heap is the most of it. */
    private static final long MEMORY_KIBIBYTES = 400 * 1024;

    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir private static Path directory;

    private static Installation installation;
    private static MayflyProcess daemon;
    private static Jobs jobs;
    private static Engine engine;
    private static Path leftOver;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 2, "drain_timeout: 1s");
        Files.writeString(
                installation.config(),
                Files.readString(installation.config())
                        .replace("name: trusted,", "name: trusted, log_limit: 1GiB,"));
        installation.secret("token", SECRET, "trusted");
        engine = new Engine();
        leftOver = installation.state().resolve("spool").resolve("1.spool");
        Files.createDirectories(leftOver.getParent());
        Files.writeString(leftOver, "of a life that was killed");
        daemon = MayflyProcess.daemonWithHeap(installation, HEAP_MEBIBYTES);
        jobs = installation.jobs();
    }

    @AfterAll
    static void stop() throws IOException {
        assertThat(mostMemory(daemon.pid())).as("KiB of memory").isLessThan(MEMORY_KIBIBYTES);
        jobs.close();
        daemon.close();
        assertThat(daemon.said()).doesNotContain("OutOfMemoryError");
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
    }

    /** The most that a process has had in memory at once, in KiB. */
    private static long mostMemory(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc", String.valueOf(pid), "status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    /** What a job prints, the same each time. */
    enum Printing {
        HUNDRED_MEBIBYTES_WITHOUT_A_LINE_END("seq 12885413 | tr '\\n' '|'"),
        TEN_MILLION_LINES("seq 10000000"),
        SINGLE_BYTES("seq 30000 >/tmp/text; dd if=/tmp/text bs=1 status=none"),
        ANY_BYTES(
                "[ -e /tmp/any ] || head -c 5000000 /dev/urandom >/tmp/any; cat /tmp/any; printf '\\303(\\240\\342\\202\\n\\360\\237\\230\\0\\377\\376'"),
        PROGRESS_BAR("for i in $(seq 100000); do printf '\\r[======>    ] %7d' $i; done");

        private final String command;

        Printing(String command) {
            this.command = command;
        }

        /** Prints between the secret and the secret, and then what the log must have of that. */
        String document() {
            return """
            pool: trusted
            secrets: {TOKEN: {ref: token, variable: true}}
            script:
              - |
                # prints
                content() { %s; }
                printf '\\n<%%s>\\n' start
                printf %%s "$TOKEN"; content; printf %%s "$TOKEN"
                printf '\\n<end %%s>\\n' "$({ printf '[MASKED]'; content; printf '[MASKED]'; } | sha256sum | cut -c1-64)"
            """
                    .formatted(command);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest);
    }

    /** Digests what it gets, and holds it to its order. */
    private static final class Digesting implements LogSink {

        private final MessageDigest digest = sha256();
        private final LogOrder order = new LogOrder(LogPosition.START);
        private boolean finished;

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            order.output(start, length);
            digest.update(bytes, offset, length);
        }

        @Override
        public void event(LogPosition at, LogEvent event) {
            order.event(at);
        }

        @Override
        public void finish(LogPosition total) {
            order.end(total);
            finished = true;
        }
    }

    /** Follows a job's log and reads nothing of it. */
    private static SocketChannel stuckViewer(JobId job) throws IOException {
        SocketChannel viewer =
                SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("api.sock")));
        String token = Files.readString(installation.state().resolve("api.token")).strip();
        viewer.write(
                ByteBuffer.wrap(
                        "GET /api/v1/jobs/%s/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
                                .formatted(job, token)
                                .getBytes(UTF_8)));
        return viewer;
    }

    @ParameterizedTest
    @EnumSource
    void everythingArrivesWholeAndInOrderWithLittleMemoryAndAStuckViewer(Printing printing)
            throws IOException, InterruptedException {
        JobId id = jobs.submit(printing.document());
        Digesting viewer = new Digesting();
        FollowedLog followed;
        try (SocketChannel _ = stuckViewer(id)) {
            followed = jobs.client().follow(id, viewer, LONG);
        }
        assertThat(followed.end().incompleteBecause()).isNull();
        assertThat(followed.job().state().outcome()).isEqualTo(new Outcome.Passed());
        assertThat(viewer.finished).isTrue();

        byte[] retained =
                Files.readAllBytes(installation.state().resolve("logs").resolve(id + ".log"));
        assertThat((long) retained.length).isEqualTo(followed.end().total().output());
        assertThat(hex(viewer.digest.digest())).isEqualTo(hex(sha256().digest(retained)));

        MessageDigest copied = sha256();
        jobs.client().output(id, new DigestOutputStream(OutputStream.nullOutputStream(), copied));
        assertThat(hex(copied.digest())).isEqualTo(hex(sha256().digest(retained)));

        String head = new String(retained, 0, 200, ISO_8859_1);
        String tail = new String(retained, retained.length - 100, 100, ISO_8859_1);
        int start = head.indexOf("<start>\n") + 8;
        int end = retained.length - 100 + tail.lastIndexOf("\n<end ");
        assertThat(head).contains("<start>\n[MASKED]");
        assertThat(hex(sha256().digest(Arrays.copyOfRange(retained, start, end))))
                .as("of %d bytes, which the job said to be%s", end - start, tail)
                .isEqualTo(tail.substring(tail.lastIndexOf("<end ") + 5, tail.length() - 2));
        assertThat(daemon.runs()).isTrue();
    }

    @Test
    void whatAKilledDaemonLeftOfSpoolsIsGone() {
        assertThat(leftOver.getParent()).isEmptyDirectory();
    }

    /** A viewer's screen. */
    private static final class Screen implements LogSink {

        private volatile String text = "";

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            text = text.concat(new String(bytes, offset, length, UTF_8));
        }

        @Override
        public void event(LogPosition at, LogEvent event) {}

        @Override
        public void finish(LogPosition total) {}

        void shows(String end) throws InterruptedException {
            Eventually.holds("shown: " + end, LONG, () -> text.endsWith(end));
        }
    }

    @Test
    void promptAndProgressBarAreShownAtOnce() throws Exception {
        JobId id =
                jobs.submit(
                        """
                        pool: trusted
                        secrets: {TOKEN: {ref: token, variable: true}}
                        script:
                          - |
                            # waits
                            until_told() { until [ -e "/tmp/$1" ]; do sleep 0.02; done; }
                            printf 'Password: '; until_told 1
                            printf '\\r[=  ] 1'; until_told 2
                            printf '\\r[== ] 2'; until_told 3
                            printf "\\r$TOKEN "; until_told 4
                        """);
        Screen screen = new Screen();
        CompletableFuture<FollowedLog> followed = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        followed.complete(jobs.client().follow(id, screen, LONG));
                    } catch (Exception e) {
                        followed.completeExceptionally(e);
                    }
                });
        String[] steps = {"Password: ", "\r[=  ] 1", "\r[== ] 2", "\r[MASKED] "};
        for (int i = 0; i < steps.length; i++) {
            screen.shows(steps[i]);
            Engine.docker(
                    "exec", engine.containersOf(id.value()).getFirst(), "touch", "/tmp/" + (i + 1));
        }
        FollowedLog log = followed.get(30, TimeUnit.SECONDS);
        assertThat(Objects.requireNonNull(log.job().state().outcome()))
                .isEqualTo(new Outcome.Passed());
    }
}
