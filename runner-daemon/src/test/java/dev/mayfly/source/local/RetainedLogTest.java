package dev.mayfly.source.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.WrittenLog;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.Outcome;
import dev.mayfly.state.ChildJvm;
import dev.mayfly.state.StateDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetainedLogTest {

    private static final Duration LONG = Duration.ofSeconds(10);
    private static final Instant START = Instant.parse("2026-03-04T05:06:07Z");

    @TempDir Path folder;
    private final Pulse pulse = new Pulse();
    private LogFiles files;
    private WrittenLog log;

    @BeforeEach
    void open() {
        files = LogFiles.of(folder, new JobId("j-1"));
        log = new WrittenLog(new RetainedLog(files, pulse));
    }

    private static Optional<LocalJob> job(@Nullable Outcome outcome) {
        return Optional.of(
                new LocalJob(
                        new JobId("j-1"),
                        "local",
                        "job",
                        TestJobs.POOL,
                        new JobState(
                                JobPhase.RUNNING,
                                new JobTimes(START, START, START, null, null),
                                null,
                                outcome,
                                null)));
    }

    private LogReader reader(LogPosition from) {
        return new LogReader(files, pulse, () -> job(null), from);
    }

    private LogReader readerOfALostJob() {
        return new LogReader(files, new Pulse(), () -> job(new Outcome.Lost()), LogPosition.START);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What comes as text, because arrays do not compare; null for anything else. */
    private static @Nullable String text(LogReader.Next next) {
        return switch (next) {
            case LogReader.Next.Output(var _, Instant at, byte[] bytes) ->
                    at + " output " + new String(bytes, StandardCharsets.UTF_8);
            case LogReader.Next.Event(var _, LogEvent event) -> event.toString();
            case LogReader.Next.Nothing() -> null;
            case LogReader.Next.End(var _) -> null;
        };
    }

    private static List<String> all(LogReader reader) throws IOException, InterruptedException {
        List<String> events = new ArrayList<>();
        try (reader) {
            for (String text = text(reader.next(LONG));
                    text != null;
                    text = text(reader.next(LONG))) {
                events.add(text);
            }
        }
        return events;
    }

    /** The end that a reader comes to. */
    private static LogEnd end(LogReader reader) throws IOException, InterruptedException {
        try (reader) {
            while (true) {
                if (reader.next(LONG) instanceof LogReader.Next.End(LogEnd end)) {
                    return end;
                }
            }
        }
    }

    private List<String> writeSample() throws InterruptedException {
        log.event(new LogEvent.SectionStarted(START, "prepare"));
        log.event(new LogEvent.Notice(START, "image \"x\"\nwith a line break"));
        log.event(new LogEvent.SectionEnded(START, "prepare", Duration.ofMillis(1234)));
        log.event(new LogEvent.SectionStarted(START, "script"));
        log.output(START.plusMillis(5), utf8("hello "));
        log.output(START.plusMillis(300), utf8("wörld\n"));
        log.event(new LogEvent.Notice(START.plusMillis(300), "limit reached"));
        log.output(START.plusMillis(900), utf8("{\"o\":0,\"k\":\"end\"}\n"));
        log.event(new LogEvent.SectionEnded(START.plusSeconds(1), "script", Duration.ZERO));
        return List.of(
                new LogEvent.SectionStarted(START, "prepare").toString(),
                new LogEvent.Notice(START, "image \"x\"\nwith a line break").toString(),
                new LogEvent.SectionEnded(START, "prepare", Duration.ofMillis(1234)).toString(),
                new LogEvent.SectionStarted(START, "script").toString(),
                START.plusMillis(5) + " output hello ",
                START.plusMillis(300) + " output wörld\n",
                new LogEvent.Notice(START.plusMillis(300), "limit reached").toString(),
                START.plusMillis(900) + " output {\"o\":0,\"k\":\"end\"}\n",
                new LogEvent.SectionEnded(START.plusSeconds(1), "script", Duration.ZERO)
                        .toString());
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
            LogReader.Next next = reader.next(LONG);
            while (!(next instanceof LogReader.Next.End)) {
                LogPosition after =
                        switch (next) {
                            case LogReader.Next.Output output -> output.after();
                            case LogReader.Next.Event event -> event.after();
                            default -> throw new AssertionError(next);
                        };
                positions.add(LogPosition.parse(after.toString()));
                next = reader.next(LONG);
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
                                    String text = text(reader.next(LONG));
                                    while (text != null) {
                                        mine.add(text);
                                        text = text(reader.next(LONG));
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
                log.event(new LogEvent.Notice(START, "n" + i));
                expected.append("<n").append(i).append('>');
            } else {
                log.output(START.plusMillis(i * 30L), utf8("o" + i + "\n"));
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
            log.output(START, utf8("x"));
            assertThat(reader.next(Duration.ofSeconds(5)))
                    .isInstanceOf(LogReader.Next.Output.class);
            log.finish();
            assertThat(reader.next(Duration.ofSeconds(5))).isInstanceOf(LogReader.Next.End.class);
        }
    }

    @Test
    void aLogThatItsProcessCouldNotFinishEndsWithItsJob() throws Exception {
        AtomicReference<@Nullable Outcome> outcome = new AtomicReference<>();
        log.output(START, utf8("last words"));
        Files.writeString(
                files.events(), "{\"o\":10,\"t\":1,\"k\":\"not", StandardOpenOption.APPEND);
        try (LogReader reader =
                new LogReader(files, new Pulse(), () -> job(outcome.get()), LogPosition.START)) {
            assertThat(reader.next(Duration.ofMillis(20)))
                    .isInstanceOf(LogReader.Next.Output.class);
            assertThat(reader.next(Duration.ofMillis(20)))
                    .isInstanceOf(LogReader.Next.Nothing.class);
            outcome.set(new Outcome.Lost());
            assertThat(reader.next(Duration.ofSeconds(5)))
                    .isEqualTo(
                            new LogReader.Next.End(
                                    new LogEnd(
                                            new LogPosition(10, 0),
                                            "its end is missing: the daemon died, or could not"
                                                    + " write any more")));
        }
        assertThat(files.complete()).isFalse();
    }

    @Test
    void theEndHasTheTotalsAndMakesTheLogComplete() throws Exception {
        writeSample();
        assertThat(files.complete()).isFalse();
        log.finish();
        assertThat(files.complete()).isTrue();
        assertThat(end(readerOfALostJob())).isEqualTo(new LogEnd(new LogPosition(31, 6), null));
    }

    @Test
    void aLogOfAJobThatNeverRanIsCompleteWithoutFiles() throws Exception {
        JobTimes times = new JobTimes(START, null, null, START, null);
        LocalJob waiting = job(null).orElseThrow();
        LocalJob never =
                new LocalJob(
                        waiting.id(),
                        waiting.source(),
                        waiting.name(),
                        waiting.pool(),
                        new JobState(
                                JobPhase.FINISHED, times, "no", new Outcome.Cancelled("no"), null));
        assertThat(end(new LogReader(files, pulse, () -> Optional.of(never), LogPosition.START)))
                .isEqualTo(new LogEnd(LogPosition.START, null));
        assertThat(end(readerOfALostJob()).incompleteBecause()).contains("its end is missing");
    }

    @Test
    void aMissingEventIsSaidAndNothingBehindItIsShown() throws Exception {
        writeSample();
        log.finish();
        List<String> lines = new ArrayList<>(Files.readAllLines(files.events()));
        lines.removeIf(line -> line.contains("limit reached"));
        Files.write(files.events(), lines);

        assertThat(all(readerOfALostJob())).last().asString().endsWith("output wörld\n");
        assertThat(end(readerOfALostJob()))
                .isEqualTo(
                        new LogEnd(
                                new LogPosition(13, 4),
                                "event 4 is missing, event 5 came instead"));
    }

    @Test
    void aDamagedLineIsSaid() throws Exception {
        writeSample();
        log.finish();
        Files.writeString(
                files.events(),
                Files.readString(files.events()).replace("\"k\":\"notice\"", "\"k\":not"));

        assertThat(end(readerOfALostJob()))
                .isEqualTo(
                        new LogEnd(
                                new LogPosition(0, 1),
                                "event 1 cannot be read, its line is damaged"));
    }

    @Test
    void missingOutputIsSaid() throws Exception {
        writeSample();
        log.finish();
        try (FileChannel output = FileChannel.open(files.output(), StandardOpenOption.WRITE)) {
            output.truncate(20);
        }
        assertThat(end(readerOfALostJob()))
                .isEqualTo(
                        new LogEnd(
                                new LogPosition(20, 5),
                                "11 bytes of output are missing from " + files.output()));
        assertThat(files.complete()).isFalse();
    }

    @Test
    void whatComesOutOfOrderIsNotWritten() throws Exception {
        RetainedLog strict =
                new RetainedLog(LogFiles.of(folder, new JobId("j-strict")), new Pulse());
        byte[] bytes = utf8("0123456789");
        strict.output(0, START, bytes, 0, 10);
        assertThatThrownBy(() -> strict.output(11, START, bytes, 0, 10))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("after 10 bytes of output and 0 events came output from");
        assertThatThrownBy(() -> strict.output(0, START, bytes, 0, 10))
                .isInstanceOf(FaultException.class);
        assertThatThrownBy(
                        () -> strict.event(new LogPosition(10, 1), new LogEvent.Notice(START, "x")))
                .isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> strict.finish(new LogPosition(11, 0)))
                .isInstanceOf(FaultException.class);
        assertThat(LogFiles.of(folder, new JobId("j-strict")).complete()).isFalse();
    }

    @Test
    void bytesThatAreNoTextAreKeptAsTheyAre() throws Exception {
        byte[] bytes = new byte[200_000];
        new Random(3).nextBytes(bytes);
        log.output(START, bytes);
        log.finish();
        assertThat(Files.readAllBytes(files.output())).isEqualTo(bytes);
        try (LogReader reader = reader(LogPosition.START)) {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            while (reader.next(LONG) instanceof LogReader.Next.Output next) {
                read.writeBytes(next.bytes());
            }
            assertThat(read.toByteArray()).isEqualTo(bytes);
        }
    }

    @Test
    void singleBytesAreNotDatedOneByOne() throws Exception {
        for (int i = 0; i < 1000; i++) {
            log.output(START.plusMillis(i), utf8("x"));
        }
        log.finish();
        assertThat(Files.readAllLines(files.events())).hasSizeBetween(10, 12);
    }

    @Test
    void theLongestTextIsReadWhateverItsCharacters() throws Exception {
        String longest = "\u0001".repeat(LogEvent.LONGEST_TEXT);
        log.event(new LogEvent.Notice(START, longest));
        log.output(START, utf8("after"));
        log.finish();
        List<String> events = all(reader(LogPosition.START));
        assertThat(events).hasSize(2);
        assertThat(events.get(0)).contains(longest);
        assertThat(events.get(1)).endsWith("after");
    }

    @Test
    void onlyTheOwnerMayReadALog() throws Exception {
        log.output(START, utf8("x"));
        assertThat(Files.getPosixFilePermissions(files.output()))
                .isEqualTo(StateDirectory.PRIVATE_FILE);
        assertThat(Files.getPosixFilePermissions(files.events()))
                .isEqualTo(StateDirectory.PRIVATE_FILE);
    }

    @Test
    void nothingIsAcceptedAfterTheEnd() throws Exception {
        log.output(START, utf8("x"));
        log.finish();
        assertThatThrownBy(() -> log.output(START, utf8("y")))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(log::finish).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anInterruptDoesNotCloseTheLog() throws Exception {
        Thread.currentThread().interrupt();
        log.output(START, utf8("one"));
        assertThat(Thread.interrupted()).isTrue();
        log.output(START, utf8("two"));
        assertThat(Files.readString(files.output())).isEqualTo("onetwo");
    }

    @Test
    void aLogThatCannotBeWrittenIsAFaultThatNamesTheFile() {
        LogFiles nowhere = LogFiles.of(folder.resolve("missing"), new JobId("j-2"));
        assertThatThrownBy(() ->
                        new WrittenLog(new RetainedLog(nowhere, pulse)).output(START, utf8("x")))
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.LOG))
                .hasMessageContaining("j-2.log")
                .hasMessageContaining("free space");
    }

    /** Writes until it may not, and then tries a short notice and the end. */
    public static final class Flood {
        private Flood() {}

        public static void main(String[] arguments) throws InterruptedException {
            WrittenLog log =
                    new WrittenLog(
                            new RetainedLog(
                                    LogFiles.of(Path.of(arguments[0]), new JobId("j-1")),
                                    new Pulse()));
            int accepted = 0;
            try {
                while (accepted < 1000) {
                    log.output(START, utf8("0123456789".repeat(100)));
                    accepted++;
                }
            } catch (FaultException e) {
                System.out.println(accepted + " " + e.fault());
            }
            try {
                log.finish();
            } catch (IllegalStateException e) {
                System.out.println("not finished");
            }
        }
    }

    /** A limit for each file: the nearest to a full disk that needs no mount. */
    @Test
    void aFullDiskIsAFaultAndLeavesNoHalfChunkAndNoEnd() throws Exception {
        List<String> printed;
        try (ChildJvm child = ChildJvm.startWithFileLimit(20, Flood.class, folder.toString())) {
            printed = child.lines();
        }
        assertThat(printed).containsExactly("20 LOG", "not finished");
        assertThat(files.output()).hasSize(20_000);
        assertThat(end(readerOfALostJob()).incompleteBecause())
                .contains("could not write any more");
    }
}
