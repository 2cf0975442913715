package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.mayfly.Eventually;
import dev.mayfly.GatedSink;
import dev.mayfly.config.TokenRules;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.SpoolSettings;
import dev.mayfly.logs.TokenShapes;
import dev.mayfly.logs.Variant;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.StepEnd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Jobs whose log goes to a CI server that is slow, stuck or dead. */
@Timeout(60)
class JobLogTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int MEMORY = LogSink.LARGEST_PIECE;
    private static final int DISK = 2 * LogSink.LARGEST_PIECE;
    private static final byte[] LINE = ("x".repeat(1023) + "\n").getBytes(UTF_8);

    @TempDir Path folder;

    private final GatedSink server = new GatedSink();
    private final ListAppender<ILoggingEvent> said = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(JobLog.class);
    private Trial trial;

    @BeforeEach
    void open() {
        trial = new Trial(folder);
        trial.spool = new SpoolSettings(folder, MEMORY, DISK, LONG);
        trial.report.alsoTo(server);
        said.start();
        logger.addAppender(said);
    }

    @AfterEach
    void close() {
        logger.detachAppender(said);
        trial.close();
    }

    private List<String> said(Level level) {
        return said.list.stream()
                .filter(event -> event.getLevel().equals(level))
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private double counted(String metric, String... labels) {
        return trial.metrics.get(metric).tags(labels).counter().count();
    }

    private CompletableFuture<Receipt> start(JobSpec spec) {
        CompletableFuture<Receipt> end = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        end.complete(trial.run(spec));
                    } catch (InterruptedException | RuntimeException | Error e) {
                        end.completeExceptionally(e);
                    }
                });
        return end;
    }

    private static void print(Sandbox.Output output, String text) throws InterruptedException {
        output.write(text.getBytes(UTF_8), 0, text.length());
    }

    /** A script that prints so many lines of 1 KiB, and counts what it got rid of. */
    private AtomicLong printing(int lines) {
        AtomicLong printed = new AtomicLong();
        trial.engine.step(
                "script",
                (_, output, _, cancellation) -> {
                    for (int i = 0; i < lines; i++) {
                        if (cancellation.reason() != null) {
                            return new StepEnd.Cancelled();
                        }
                        output.write(LINE, 0, LINE.length);
                        printed.addAndGet(LINE.length);
                    }
                    return new StepEnd.Exited(0);
                });
        return printed;
    }

    private static void standsStill(AtomicLong printed) throws InterruptedException {
        Eventually.holds("the spool is full", LONG, () -> printed.get() >= MEMORY + DISK);
        Eventually.standsStill("the job waits", LONG, printed::get);
    }

    // -- slow

    @Test
    void slowServerSlowsTheJobAtTheSpoolsBoundAndNobodyElse() throws Exception {
        AtomicLong printed = printing(1000);
        CompletableFuture<Receipt> job = start(Trial.plain());
        standsStill(printed);

        // The bound, and the piece that is on its way to the server.
        assertThat(printed.get()).isBetween((long) MEMORY + DISK, 2L * MEMORY + DISK);
        assertThat(job).isNotDone();
        assertThat(server.text()).isEmpty();
        assertThat(trial.report.text().length())
                .as("who is not slow has it all already")
                .isGreaterThanOrEqualTo((int) printed.get());

        server.open();

        assertThat(job.get(20, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
        assertThat(server.finished()).isTrue();
        assertThat(server.text().replace("<the job passed>", ""))
                .isEqualTo(
                        "<+prepare><-prepare><+script>"
                                + new String(LINE, UTF_8).repeat(1000)
                                + "<-script>");
        assertThat(counted("mayfly.log.undelivered", "pool", "trusted")).isZero();
        assertThat(said(Level.ERROR)).isEmpty();
    }

    @Test
    void serverThatIsBehindAtTheEndGetsTheRestWithinThePatience() throws Exception {
        AtomicLong printed = printing(100);
        CompletableFuture<Receipt> job = start(Trial.plain());
        Eventually.holds("all is printed", LONG, () -> printed.get() == 100L * LINE.length);
        Eventually.holds(
                "the environment does not wait for it",
                LONG,
                () -> trial.history.contains("destroy"));
        assertThat(trial.history).doesNotContain("end passed");

        server.open();

        assertThat(job.get(20, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(server.text()).endsWith("<the job passed>");
        assertThat(server.finished()).isTrue();
        assertThat(trial.report.text()).doesNotContain("not complete");
        assertThat(trial.history).containsSubsequence("destroy", "end passed", "receipt clean");
    }

    // -- stuck and dead

    @Test
    void stuckServerKeepsNeitherTheEnvironmentNorTheOutcomeAndTheLossIsSaidAndCounted()
            throws Exception {
        trial.spool = new SpoolSettings(folder, MEMORY, DISK, Duration.ofMillis(1500));
        printing(100);
        Receipt receipt = trial.run(Trial.plain());

        assertThat(receipt.clean()).isTrue();
        assertThat(trial.leftovers()).isFalse();
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
        assertThat(trial.history).containsSubsequence("destroy", "end passed", "receipt clean");
        String loss =
                "102400 bytes of output and 5 events of log j-1-0 were not delivered in time: it ends too early";
        assertThat(trial.report.text())
                .contains("-- the job passed\n")
                .endsWith("-- this log is not complete everywhere: " + loss + "\n");
        assertThat(counted("mayfly.log.undelivered", "pool", "trusted")).isEqualTo(102400);
        assertThat(said(Level.ERROR))
                .containsExactly("the log is not complete job=j-1 pool=trusted");
        assertThat(said.list.getLast().getThrowableProxy().getMessage()).isEqualTo(loss);
        assertThat(server.permits.hasQueuedThreads()).as("its thread is gone").isFalse();
    }

    @Test
    void serverThatIgnoresInterruptsKeepsNothingEither() throws Exception {
        trial = new Trial(folder);
        trial.spool = new SpoolSettings(folder, MEMORY, DISK, Duration.ofMillis(100));
        CompletableFuture<Void> never = new CompletableFuture<>();
        trial.report.alsoTo(
                new LogSink() {
                    @Override
                    public void output(
                            long start, Instant at, byte[] bytes, int offset, int length) {
                        never.join();
                    }

                    @Override
                    public void event(LogPosition at, LogEvent event) {
                        never.join();
                    }

                    @Override
                    public void finish(LogPosition total) {}

                    @Override
                    public boolean slow() {
                        return true;
                    }
                });
        Receipt receipt = trial.run(Trial.plain());

        assertThat(receipt.clean()).isTrue();
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
        assertThat(trial.history).containsSubsequence("destroy", "end passed", "receipt clean");
        never.complete(null);
    }

    @Test
    void deadServerIsAFaultThatEverybodyElseIsTold() throws Exception {
        server.failure = new FaultException(Fault.LOG, "the server answers 410");
        server.open();
        printing(100_000); // until it is noticed
        Receipt receipt = trial.run(Trial.plain());

        assertThat(receipt.clean()).isTrue();
        assertThat(trial.leftovers()).isFalse();
        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.Faulted(Fault.LOG, "the server answers 410"));
        assertThat(trial.report.text()).contains("the server answers 410");
        assertThat(trial.history).contains("log end");
    }

    @Test
    void serverThatDiesAtTheEndDoesNotChangeTheOutcome() throws Exception {
        printing(10);
        CompletableFuture<Receipt> job = start(Trial.plain());
        Eventually.holds(
                "only the log is left to be delivered",
                LONG,
                () -> trial.history.contains("destroy"));
        server.failure = new FaultException(Fault.LOG, "the server answers 410");
        server.open();

        assertThat(job.get(20, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
        assertThat(trial.report.text())
                .endsWith(
                        "-- the job passed\n-- this log is not complete everywhere: the server answers 410\n");
        assertThat(counted("mayfly.log.undelivered", "pool", "trusted")).isEqualTo(10240);
    }

    // -- cancelled

    @Test
    void cancelledJobDoesNotWaitForAStuckServer() throws Exception {
        trial.spool = new SpoolSettings(folder, MEMORY, DISK, Duration.ofMillis(1500));
        AtomicLong printed = printing(1_000_000);
        JobSpec spec = Trial.job(List.of("make"), List.of("make clean"), Trial.plain().inputs());
        trial.engine.step(
                "after_script",
                (_, output, _, _) -> {
                    for (int i = 0; i < 1000; i++) {
                        output.write(LINE, 0, LINE.length);
                    }
                    return new StepEnd.Exited(0);
                });
        CompletableFuture<Receipt> job = start(spec);
        standsStill(printed);
        assertThat(job).isNotDone();

        trial.cancellation.request("enough");

        assertThat(job.get(20, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Cancelled("enough"));
        assertThat(trial.history).contains("step after_script", "destroy");
        assertThat(trial.report.text())
                .contains("-- the job was cancelled: enough\n", "not complete everywhere");
        assertThat(
                        counted("mayfly.log.undelivered", "pool", "trusted")
                                + counted("mayfly.log.dropped", "pool", "trusted"))
                .as("the server never took anything")
                .isEqualTo(counted("mayfly.log.received", "pool", "trusted"));
    }

    // -- what is on disk

    /** What a thief of the disk would read: open files without names, and all others. */
    private String onDisk() throws IOException {
        StringBuilder content = new StringBuilder();
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : open.filter(this::isOfSpool).toList()) {
                content.append(Files.readString(descriptor));
            }
        }
        return content.toString();
    }

    private boolean isOfSpool(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith(folder.toString()) && target.endsWith(".spool (deleted)");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    private String named() {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> {
                        try {
                            return new String(Files.readAllBytes(file), UTF_8);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .reduce("", String::concat);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theSpoolHoldsMaskedBytesOnlyAndIsGoneWithTheJob() throws Exception {
        String encoded = Base64.getEncoder().encodeToString(Trial.VALUE.getBytes(UTF_8));
        AtomicLong printed = new AtomicLong();
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    while (printed.get() < 1000) {
                        print(output, "plain " + Trial.VALUE.substring(0, 9));
                        print(output, Trial.VALUE.substring(9) + " coded " + encoded + "\n");
                        output.write(LINE, 0, LINE.length);
                        printed.incrementAndGet();
                    }
                    return new StepEnd.Exited(0);
                });
        CompletableFuture<Receipt> job = start(Trial.full());
        Eventually.holds("the disk is used", LONG, () -> onDisk().length() > DISK / 2);
        Eventually.standsStill("the job waits", LONG, printed::get);

        assertThat(onDisk())
                .hasSizeLessThanOrEqualTo(DISK)
                .contains("plain [MASKED] coded [MASKED]\n")
                .doesNotContain(Trial.VALUE.substring(0, 9), Trial.VALUE.substring(9))
                .doesNotContain(encoded.substring(0, 9));
        assertThat(named()).doesNotContain(Trial.VALUE, encoded);

        server.open();

        assertThat(job.get(20, TimeUnit.SECONDS).clean()).isTrue();
        assertThat(onDisk()).isEmpty();
        assertThat(server.text()).doesNotContain(Trial.VALUE, encoded);
    }

    // -- the account

    private static PoolTerms withTokenShapes() {
        PoolTerms terms = Trial.TERMS;
        return new PoolTerms(
                terms.pool(),
                terms.image(),
                terms.network(),
                terms.timeout(),
                terms.limits(),
                terms.hardening(),
                terms.logBytes(),
                new Masking(
                        Masking.DEFAULT_SHORTEST_BYTES,
                        EnumSet.allOf(Variant.class),
                        false,
                        TokenShapes.of(TokenRules.builtIn())),
                terms.pull(),
                terms.registries());
    }

    @Test
    void oneEventSaysWhatWasMaskedHowOftenAndNothingMore() throws Exception {
        server.open();
        trial.terms = withTokenShapes();
        String token = "ghp_" + "0123456789abcdefABCDEFghijklmnopqrst";
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    for (int i = 0; i < 20; i++) {
                        String value = "made-by-the-job-" + (char) ('a' + i);
                        output.mask("CHOSEN_" + i, new SecretValue(value.getBytes(UTF_8)));
                        print(output, value + "\n");
                    }
                    print(output, Trial.VALUE + " " + Trial.VALUE + "\n");
                    print(output, token + "\n");
                    return new StepEnd.Exited(0);
                });
        trial.run(Trial.full());

        assertThat(trial.report.text()).contains("[MASKED]").doesNotContain(token, Trial.VALUE);
        assertThat(said(Level.WARN))
                .containsExactly(
                        "secrets masked job=j-1 pool=trusted channel=log hits=token:exact:2,added:exact:20,github:token_shape:1");
        assertThat(counted("mayfly.masked", "pool", "trusted", "channel", "log")).isEqualTo(23);
        assertThat(counted("mayfly.secret.hits", "secret", "token", "variant", "exact"))
                .isEqualTo(2);
        assertThat(counted("mayfly.secret.hits", "secret", "added", "variant", "exact"))
                .isEqualTo(20);
        assertThat(counted("mayfly.secret.hits", "secret", "github", "variant", "token_shape"))
                .isEqualTo(1);
        assertThat(
                        trial.metrics.getMeters().stream()
                                .flatMap(meter -> meter.getId().getTags().stream())
                                .map(tag -> tag.getValue()))
                .as("labels that a job has chosen")
                .noneMatch(label -> label.contains("CHOSEN"));
    }

    @Test
    void jobThatPrintsNoSecretMakesNoEvent() throws Exception {
        server.open();
        printing(10);
        trial.run(Trial.full());

        assertThat(said(Level.WARN)).isEmpty();
        assertThat(counted("mayfly.log.received", "pool", "trusted")).isEqualTo(10240);
        assertThat(trial.metrics.find("mayfly.masked").counter()).isNull();
    }
}
