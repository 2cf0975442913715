package dev.mayfly.source.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LogEvent;
import dev.mayfly.state.ChildJvm;
import dev.mayfly.state.StateDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetainedLogTest {

    private static final Instant START = Instant.parse("2026-03-04T05:06:07Z");

    @TempDir Path folder;
    private final Pulse pulse = new Pulse();
    private LogFiles files;
    private RetainedLog log;

    @BeforeEach
    void open() {
        files = LogFiles.of(folder, new JobId("j-1"));
        log = new RetainedLog(files, pulse);
    }

    private LogReader reader(LogPosition from) {
        return new LogReader(files, pulse, () -> false, from);
    }

    private static LogEvent.Output output(Instant at, String text) {
        return new LogEvent.Output(at, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Events as text, because arrays do not compare. */
    private static String text(LogEvent event) {
        return switch (event) {
            case LogEvent.Output(Instant at, byte[] bytes) ->
                    at + " output " + new String(bytes, StandardCharsets.UTF_8);
            default -> event.toString();
        };
    }

    private static List<String> all(LogReader reader) throws IOException, InterruptedException {
        List<String> events = new ArrayList<>();
        try (reader) {
            while (reader.next(Duration.ofSeconds(10))
                    instanceof LogReader.Next.Event(LogPosition _, LogEvent event)) {
                events.add(text(event));
            }
        }
        return events;
    }

    private List<String> writeSample() {
        List<LogEvent> events =
                List.of(
                        new LogEvent.SectionStarted(START, "prepare"),
                        new LogEvent.Notice(START, "image \"x\"\nwith a line break"),
                        new LogEvent.SectionEnded(START, "prepare", Duration.ofMillis(1234)),
                        new LogEvent.SectionStarted(START, "script"),
                        output(START.plusMillis(5), "hello "),
                        output(START.plusMillis(300), "wörld\n"),
                        new LogEvent.Notice(START.plusMillis(300), "limit reached"),
                        output(START.plusMillis(900), "{\"o\":0,\"k\":\"end\"}\n"),
                        new LogEvent.SectionEnded(START.plusSeconds(1), "script", Duration.ZERO));
        events.forEach(log::accept);
        return events.stream().map(RetainedLogTest::text).toList();
    }

    @Test
    void whatWasWrittenIsReadInOrderWithItsTimes() throws Exception {
        List<String> written = writeSample();
        log.finish();
        assertThat(all(reader(LogPosition.START))).isEqualTo(written);
        assertThat(Files.readString(files.output()))
                .isEqualTo("hello wörld\n{\"o\":0,\"k\":\"end\"}\n");
    }

    @Test
    void readingGoesOnFromEveryPositionThatWasGiven() throws Exception {
        List<String> written = writeSample();
        log.finish();
        List<LogPosition> positions = new ArrayList<>(List.of(LogPosition.START));
        try (LogReader reader = reader(LogPosition.START)) {
            while (reader.next(Duration.ofSeconds(1))
                    instanceof LogReader.Next.Event(LogPosition after, LogEvent _)) {
                positions.add(LogPosition.parse(after.toString()));
            }
        }
        assertThat(positions).hasSize(written.size() + 1);
        for (int i = 0; i < positions.size(); i++) {
            assertThat(all(reader(positions.get(i)))).isEqualTo(written.subList(i, written.size()));
        }
    }

    @Test
    void readersFollowAWriterAndSeeTheSameWhateverTheirSpeed() throws Exception {
        List<List<String>> seen = List.of(new ArrayList<>(), new ArrayList<>());
        List<Thread> readers = new ArrayList<>();
        CountDownLatch halfWritten = new CountDownLatch(1);
        for (int r = 0; r < 2; r++) {
            List<String> mine = seen.get(r);
            boolean late = r == 1;
            readers.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try (LogReader reader = reader(LogPosition.START)) {
                                    if (late) {
                                        assertThat(halfWritten.await(20, TimeUnit.SECONDS))
                                                .isTrue();
                                    }
                                    while (reader.next(Duration.ofSeconds(10))
                                            instanceof
                                            LogReader.Next.Event(LogPosition _, LogEvent event)) {
                                        mine.add(text(event));
                                    }
                                } catch (IOException | InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                            }));
        }
        Random random = new Random(7);
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            if (i == 200) {
                halfWritten.countDown();
            }
            if (random.nextInt(5) == 0) {
                log.accept(new LogEvent.Notice(START, "n" + i));
                expected.append("<n").append(i).append('>');
            } else {
                log.accept(output(START.plusMillis(i * 30L), "o" + i + "\n"));
                expected.append('o').append(i).append('\n');
            }
        }
        log.finish();
        for (Thread reader : readers) {
            assertThat(reader.join(Duration.ofSeconds(20))).isTrue();
        }
        for (List<String> events : seen) {
            StringBuilder joined = new StringBuilder();
            for (String event : events) {
                joined.append(
                        event.startsWith("Notice")
                                ? event.replaceAll(".*text=(n\\d+)]", "<$1>")
                                : event.replaceFirst("^\\S+ output ", ""));
            }
            assertThat(joined.toString()).isEqualTo(expected.toString());
        }
    }

    @Test
    void aReaderThatIsThereFirstWaitsForTheFiles() throws Exception {
        try (LogReader reader = reader(LogPosition.START)) {
            assertThat(reader.next(Duration.ofMillis(20)))
                    .isInstanceOf(LogReader.Next.Nothing.class);
            log.accept(output(START, "x"));
            assertThat(reader.next(Duration.ofSeconds(5))).isInstanceOf(LogReader.Next.Event.class);
            log.finish();
            assertThat(reader.next(Duration.ofSeconds(5))).isInstanceOf(LogReader.Next.End.class);
        }
    }

    @Test
    void aLogThatItsProcessCouldNotFinishEndsWithItsJob() throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        log.accept(output(START, "last words"));
        Files.writeString(
                files.events(), "{\"o\":10,\"t\":1,\"k\":\"not", StandardOpenOption.APPEND);
        try (LogReader reader = new LogReader(files, new Pulse(), ended::get, LogPosition.START)) {
            assertThat(reader.next(Duration.ofMillis(20))).isInstanceOf(LogReader.Next.Event.class);
            assertThat(reader.next(Duration.ofMillis(20)))
                    .isInstanceOf(LogReader.Next.Nothing.class);
            ended.set(true);
            assertThat(reader.next(Duration.ofSeconds(5))).isInstanceOf(LogReader.Next.End.class);
        }
    }

    @Test
    void bytesThatAreNoTextAreKeptAsTheyAre() throws Exception {
        byte[] bytes = new byte[200_000];
        new Random(3).nextBytes(bytes);
        log.accept(new LogEvent.Output(START, bytes));
        log.finish();
        assertThat(Files.readAllBytes(files.output())).isEqualTo(bytes);
        try (LogReader reader = reader(LogPosition.START)) {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            while (reader.next(Duration.ofSeconds(1))
                            instanceof LogReader.Next.Event(LogPosition _, LogEvent event)
                    && event instanceof LogEvent.Output(Instant _, byte[] part)) {
                read.writeBytes(part);
            }
            assertThat(read.toByteArray()).isEqualTo(bytes);
        }
    }

    @Test
    void singleBytesAreNotDatedOneByOne() throws Exception {
        for (int i = 0; i < 1000; i++) {
            log.accept(output(START.plusMillis(i), "x"));
        }
        log.finish();
        assertThat(Files.readAllLines(files.events())).hasSizeBetween(10, 12);
    }

    @Test
    void anEndlessNoticeIsCut() throws Exception {
        log.accept(new LogEvent.Notice(START, "\u0001".repeat(100_000)));
        log.accept(output(START, "after"));
        log.finish();
        List<String> events = all(reader(LogPosition.START));
        assertThat(events).hasSize(2);
        assertThat(events.get(1)).endsWith("after");
    }

    @Test
    void onlyTheOwnerMayReadALog() throws Exception {
        log.accept(output(START, "x"));
        assertThat(Files.getPosixFilePermissions(files.output()))
                .isEqualTo(StateDirectory.PRIVATE_FILE);
        assertThat(Files.getPosixFilePermissions(files.events()))
                .isEqualTo(StateDirectory.PRIVATE_FILE);
    }

    @Test
    void nothingIsAcceptedAfterTheEnd() {
        log.accept(output(START, "x"));
        log.finish();
        log.finish();
        assertThatThrownBy(() -> log.accept(output(START, "y")))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anInterruptDoesNotCloseTheLog() throws Exception {
        Thread.currentThread().interrupt();
        log.accept(output(START, "one"));
        assertThat(Thread.interrupted()).isTrue();
        log.accept(output(START, "two"));
        assertThat(Files.readString(files.output())).isEqualTo("onetwo");
    }

    @Test
    void aLogThatCannotBeWrittenIsAFaultThatNamesTheFile() {
        LogFiles nowhere = LogFiles.of(folder.resolve("missing"), new JobId("j-2"));
        assertThatThrownBy(() -> new RetainedLog(nowhere, pulse).accept(output(START, "x")))
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.LOG))
                .hasMessageContaining("j-2.log")
                .hasMessageContaining("free space");
    }

    /** Writes until it may not, and then tries a short notice and the end. */
    public static final class Flood {
        private Flood() {}

        public static void main(String[] arguments) {
            RetainedLog log =
                    new RetainedLog(
                            LogFiles.of(Path.of(arguments[0]), new JobId("j-1")), new Pulse());
            int accepted = 0;
            try {
                while (accepted < 1000) {
                    log.accept(output(START, "0123456789".repeat(100)));
                    accepted++;
                }
            } catch (FaultException e) {
                System.out.println(accepted + " " + e.fault());
            }
            log.accept(new LogEvent.Notice(START, "full"));
            log.finish();
            System.out.println("finished");
        }
    }

    /** A limit for each file: the nearest to a full disk that needs no mount. */
    @Test
    void aFullDiskIsAFaultAndLeavesNoHalfChunk() throws Exception {
        List<String> printed;
        try (ChildJvm child = ChildJvm.startWithFileLimit(20, Flood.class, folder.toString())) {
            printed = child.lines();
        }
        assertThat(printed).containsExactly("20 LOG", "finished");
        assertThat(files.output()).hasSize(20_000);
        List<String> events = all(reader(LogPosition.START));
        assertThat(events).last().asString().contains("full");
    }
}
