package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.GatedSink;
import dev.mayfly.WrittenLog;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.state.ChildJvm;
import dev.mayfly.state.StateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LogSpoolTest {

    private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int MEMORY = LogSink.LARGEST_PIECE;
    private static final int DISK = 3 * LogSink.LARGEST_PIECE;

    @TempDir Path folder;

    private final GatedSink sink = new GatedSink();

    private LogSpool spool(Duration patience) {
        return LogSpool.before(sink, "j-1", new SpoolSettings(folder, MEMORY, DISK, patience));
    }

    private static byte[] bytes(int length) {
        return "x".repeat(length).getBytes(UTF_8);
    }

    /** Writes so much that nothing more fits, and one piece is on its way. */
    private WrittenLog full(LogSpool spool) throws InterruptedException {
        WrittenLog log = new WrittenLog(spool);
        log.output(AT, bytes(MEMORY));
        Eventually.holds("the first piece is on its way", LONG, sink.permits::hasQueuedThreads);
        log.output(AT, bytes(MEMORY));
        log.output(AT, bytes(DISK));
        return log;
    }

    private static Thread start(Writing writing) {
        return Thread.ofVirtual()
                .start(() -> {
                    try {
                        writing.write();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    private interface Writing {
        void write() throws InterruptedException;
    }

    private static void waits(Thread thread) throws InterruptedException {
        Eventually.holds(
                "the writer waits", LONG, () -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    @Test
    void whatIsWrittenArrivesByItselfAndAtOnce() throws Exception {
        sink.open();
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = new WrittenLog(spool);
            log.output("Password: ");
            Eventually.holds("the prompt arrives", LONG, () -> sink.text().equals("Password: "));
            log.event(new LogEvent.Notice(AT, "said"));
            Eventually.holds("the notice arrives", LONG, () -> sink.text().endsWith("<said>"));
            log.finish();
            assertThat(sink.finished()).isTrue();
            assertThat(spool.undeliveredBytes()).isZero();
        }
    }

    @Test
    void nothingIsLostOrMovedWhereverItWaits() throws Exception {
        Random random = new Random(11);
        StringBuilder expected = new StringBuilder();
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = new WrittenLog(spool);
            for (int i = 0; i < 3000; i++) {
                if (random.nextInt(20) == 0) {
                    log.event(new LogEvent.Notice(AT, "n" + i));
                    expected.append("<n").append(i).append('>');
                } else {
                    String text = (i + ",").repeat(1 + random.nextInt(200));
                    log.output(AT.plusMillis(i), text.getBytes(UTF_8));
                    expected.append(text);
                }
                // So slow that memory and disk are used, emptied and used again.
                if (random.nextInt(100) == 0) {
                    sink.permits.release(random.nextInt(30));
                }
                if (i % 500 == 499) {
                    sink.open();
                    String all = expected.toString();
                    Eventually.holds("it has caught up", LONG, () -> sink.text().equals(all));
                    sink.permits.drainPermits();
                }
                if (i % 100 == 0) {
                    sink.permits.release(50);
                }
            }
            sink.open();
            log.finish();
            assertThat(sink.text()).isEqualTo(expected.toString());
            assertThat(sink.finished()).isTrue();
        }
    }

    @Test
    void whatDoesNotFitIntoMemoryIsInAPrivateFileWithoutAName() throws Exception {
        try (LogSpool spool = spool(LONG)) {
            full(spool);
            assertThat(folder).isEmptyDirectory();
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                List<Path> files = open.filter(this::isOfSpool).toList();
                assertThat(files).hasSize(1);
                assertThat(Files.size(files.getFirst())).isEqualTo(DISK);
                assertThat(Files.getPosixFilePermissions(files.getFirst()))
                        .isEqualTo(StateDirectory.PRIVATE_FILE);
            }
        }
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            assertThat(open.filter(this::isOfSpool)).isEmpty();
        }
    }

    private boolean isOfSpool(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith(folder.toString()) && target.endsWith(".spool (deleted)");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    @Test
    void namesThatACrashLeftAreSweptAndNothingElse() throws Exception {
        Path left = Files.createFile(folder.resolve("123.spool"));
        Path other = Files.createFile(folder.resolve("other"));
        LogSpool.sweep(folder);
        assertThat(left).doesNotExist();
        assertThat(other).exists();
    }

    @Test
    void writerWaitsAtTheBoundAndGoesOnWithTheSink() throws Exception {
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = full(spool);
            Thread writer = start(() -> log.output("more"));
            waits(writer);

            sink.open();

            assertThat(writer.join(LONG)).isTrue();
            log.finish();
            assertThat(sink.text()).hasSize(2 * MEMORY + DISK + 4).endsWith("xmore");
        }
    }

    @Test
    void nobodyWaitsBeyondTheTimeAndTheLossIsSaidWhereItIs() throws Exception {
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = full(spool);
            Thread writer =
                    start(() -> {
                        log.output("lost");
                        log.output(AT, bytes(MEMORY));
                        log.event(new LogEvent.Notice(AT, "still there"));
                    });
            waits(writer);

            spool.waitUntil(System.nanoTime());

            assertThat(writer.join(LONG)).isTrue();
            spool.waitUntil(System.nanoTime() + LONG.toNanos());
            sink.open();
            Eventually.holds(
                    "the sink has caught up", LONG, () -> sink.text().endsWith("<still there>"));
            log.output("after");
            assertThatThrownBy(log::finish)
                    .isInstanceOfSatisfying(
                            FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.LOG))
                    .hasMessageContaining((4 + MEMORY) + " bytes of output and 0 events of log j-1")
                    .hasMessageContaining("it tells where");
            assertThat(sink.text().replace("x", ""))
                    .isEqualTo(
                            "<65540 bytes of output are missing here: what this log is delivered to"
                                    + " was too slow><still there>after");
            assertThat(sink.finished()).isTrue();
            assertThat(spool.undeliveredBytes()).isEqualTo(4 + MEMORY);
        }
    }

    @Test
    void sinkThatMadeTheWriterWaitInVainMustTakeSomethingFirst() throws Exception {
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = full(spool);
            spool.waitUntil(System.nanoTime());
            log.output("lost");

            spool.waitUntil(System.nanoTime() + Duration.ofDays(1).toNanos());
            log.output("lost too"); // returns, or this test would not end

            sink.permits.release(2);
            Eventually.holds("it has taken two", LONG, () -> sink.text().length() == 2 * MEMORY);
            log.output(AT, bytes(MEMORY));
            Thread writer = start(() -> log.output("not lost"));
            waits(writer);
            sink.open();
            assertThat(writer.join(LONG)).isTrue();
            assertThatThrownBy(log::finish).hasMessageContaining("12 bytes of output");
        }
    }

    @Test
    void noticesOfLossesAreBoundedToo() throws Exception {
        try (LogSpool spool = spool(Duration.ZERO)) {
            WrittenLog log = new WrittenLog(spool);
            log.output(AT, bytes(MEMORY));
            Eventually.holds("the first piece is on its way", LONG, sink.permits::hasQueuedThreads);
            log.output(AT, bytes(MEMORY));
            log.output(AT, bytes(DISK - 30_000));
            for (int i = 0; i < 10_000; i++) {
                log.output(AT, bytes(40_000));
                log.output("!");
            }
            sink.open();
            spool.waitUntil(System.nanoTime() + LONG.toNanos());
            assertThatThrownBy(log::finish)
                    .hasMessageContaining(spool.undeliveredBytes() + " bytes of output");
        }
        assertThat(sink.text().split("are missing here", -1).length)
                .isBetween(1000, SpoolQueue.MOST_EVENTS + 2);
    }

    @Test
    void endGivesUpInTimeAndSaysWhatIsMissing() throws Exception {
        LogSpool spool = spool(LONG);
        try (spool) {
            WrittenLog log = new WrittenLog(spool);
            log.output("never taken");
            log.event(new LogEvent.Notice(AT, "nor this"));
            spool.waitUntil(System.nanoTime() + Duration.ofMillis(50).toNanos());
            assertThatThrownBy(log::finish)
                    .isInstanceOfSatisfying(
                            FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.LOG))
                    .hasMessageContaining("11 bytes of output and 1 events of log j-1")
                    .hasMessageContaining("it ends too early");
            assertThat(spool.undeliveredBytes()).isEqualTo(11);
        }
        assertThat(sink.finished()).isFalse();
        assertThat(sink.permits.hasQueuedThreads()).as("its thread is gone").isFalse();
    }

    @Test
    void failureOfTheSinkIsTheWritersToo() throws Exception {
        FaultException broken = new FaultException(Fault.LOG, "the server answers 403");
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = full(spool);
            Thread writer =
                    start(() -> assertThatThrownBy(() -> log.output("more")).isSameAs(broken));
            waits(writer);
            sink.failure = broken;
            sink.open();
            assertThat(writer.join(LONG)).isTrue();
            assertThatThrownBy(() -> log.output("more")).isSameAs(broken);
            assertThatThrownBy(() -> log.event(new LogEvent.Notice(AT, "x"))).isSameAs(broken);
            assertThatThrownBy(log::finish).isSameAs(broken);
        }
    }

    @Test
    void interruptedWriterHasWrittenNothing() throws Exception {
        try (LogSpool spool = spool(LONG)) {
            WrittenLog log = full(spool);
            Thread writer = start(() -> log.output("again"));
            waits(writer);
            writer.interrupt();
            assertThat(writer.join(LONG)).isTrue();
            sink.open();
            log.output("again");
            log.finish();
            assertThat(sink.text()).endsWith("xagain");
        }
    }

    @Test
    void whatComesOutOfOrderIsAFault() {
        try (LogSpool spool = spool(LONG)) {
            assertThatThrownBy(() -> spool.output(1, AT, bytes(1), 0, 1))
                    .isInstanceOf(FaultException.class);
            assertThatThrownBy(
                            () -> spool.event(new LogPosition(0, 1), new LogEvent.Notice(AT, "x")))
                    .isInstanceOf(FaultException.class);
            assertThatThrownBy(() -> spool.finish(new LogPosition(1, 0)))
                    .isInstanceOf(FaultException.class);
        }
    }

    /** Fills a spool whose disk is full before its bound, and lets the sink take everything. */
    public static final class FullDisk {
        private FullDisk() {}

        public static void main(String[] arguments) throws InterruptedException {
            LogSpoolTest test = new LogSpoolTest();
            test.folder = Path.of(arguments[0]);
            LogSpool spool = test.spool(LONG);
            WrittenLog log = new WrittenLog(spool);
            Thread writer =
                    start(() -> {
                        for (int i = 0; i < 5; i++) {
                            log.output(AT, bytes(LogSink.LARGEST_PIECE));
                        }
                    });
            waits(writer);
            System.out.println("waits");
            test.sink.open();
            writer.join();
            log.finish();
            System.out.println(test.sink.text().length());
            spool.close();
        }
    }

    @Test
    void writerWaitsWhereTheDiskIsFullBeforeTheBound() {
        List<String> printed;
        try (ChildJvm child = ChildJvm.startWithFileLimit(100, FullDisk.class, folder.toString())) {
            printed = child.lines();
        }
        assertThat(printed)
                .filteredOn(line -> !line.contains("WARN"))
                .containsExactly("waits", String.valueOf(5 * LogSink.LARGEST_PIECE));
    }
}
