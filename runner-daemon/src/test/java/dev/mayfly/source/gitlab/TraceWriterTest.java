package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One text out of output and structure, to the byte as GitLab's runner has it. */
class TraceWriterTest {

    private static final Instant AT = Instant.ofEpochSecond(1_700_000_000);

    @TempDir Path folder;

    private FileTraceSpool spool;

    @BeforeEach
    void open() throws Exception {
        spool = FileTraceSpool.create(folder.resolve("spool"));
    }

    @AfterEach
    void close() throws Exception {
        spool.close();
    }

    @ParameterizedTest
    @CsvSource({
        "This is the long message, 10, 127, crc32:295921ca",
        "0123456789, 10, 127, crc32:d4b99d81",
        "ǲ, 5, 120, crc32:318d2180",
        "ǲ, 6, 122, crc32:8c2a1eda",
        "─, 20, 135, crc32:f187099c",
        "─, 1, 116, crc32:9e261b5f",
        "🐤, 23, 137, crc32:10e32ecd",
        "🐤, 24, 141, crc32:26e43372"
    })
    void limitCutsBetweenCharactersAndSaysSoOnce(
            String written, int limit, long size, String checksum) throws Exception {
        TraceWriter writer = writer(limit);
        for (int i = 0; i < 20; i++) {
            output(writer, written);
        }
        writer.finish();

        assertThat(spool.sum().bytes()).isEqualTo(size);
        assertThat(spool.sum().checksum()).isEqualTo(checksum);
    }

    @Test
    void limitCutsInTheMiddleOfALaterWrite() throws Exception {
        TraceWriter writer = writer(20);
        output(writer, "data before limit\n");
        output(writer, "data after");
        writer.finish();

        assertThat(spool.sum()).isEqualTo(new TraceSum(0x559aa46fL, 137));
    }

    @Test
    void logBelowItsLimitIsAsItWasWritten() throws Exception {
        TraceWriter writer = writer(1000);
        output(writer, "hello\n");
        writer.finish();

        assertThat(spool.sum().checksum()).isEqualTo("crc32:363a3020");
    }

    @Test
    void charactersSurviveEverySplitAndOtherBytesBecomeReplacements() {
        byte[] bytes =
                concat(
                        "a─🐤ǲ".getBytes(StandardCharsets.UTF_8),
                        new byte[] {
                            (byte) 0xFE,
                            'x',
                            (byte) 0xFF,
                            (byte) 0xE2,
                            (byte) 0x94,
                            'y',
                            (byte) 0xC0,
                            (byte) 0xAF,
                            (byte) 0xF0,
                            (byte) 0x9F
                        });
        String expected = new String(bytes, StandardCharsets.UTF_8);
        for (int split = 0; split <= bytes.length; split++) {
            Utf8Repair repair = new Utf8Repair();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            repair.accept(bytes, 0, split, out);
            repair.accept(bytes, split, bytes.length - split, out);
            repair.finish(out);
            assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(expected);
        }
    }

    /** The JDK takes these for one character, Unicode for three that are none. */
    @Test
    void everyByteOfASurrogateIsReplaced() {
        Utf8Repair repair = new Utf8Repair();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        repair.accept(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80}, 0, 3, out);
        repair.finish(out);

        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("\uFFFD\uFFFD\uFFFD");
    }

    @Test
    void anyBytesBecomeWhatTheJdkMakesOfThem() {
        Random random = new Random(5);
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = new byte[12];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(4) == 0 ? 'a' : 0x80 + random.nextInt(128));
                if (bytes[i] == (byte) 0xED) {
                    bytes[i] = (byte) 0xEE;
                }
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Utf8Repair repair = new Utf8Repair();
            repair.accept(bytes, 0, bytes.length, out);
            repair.finish(out);
            assertThat(out.toString(StandardCharsets.UTF_8))
                    .isEqualTo(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    @Test
    void sectionsBecomeMarkersThatTheJobCannotGuess() throws Exception {
        TraceWriter writer = writer(1000);
        writer.sectionStarted(AT, "script");
        output(writer, "no line end");
        writer.sectionEnded(AT, "script");
        writer.notice(AT, "the job passed");
        writer.finish();

        assertThat(text())
                .isEqualTo(
                        "section_start:1700000000:step_script_mark\r\u001b[0K"
                                + "\u001b[36;1mExecuting \"step_script\" stage of the job script"
                                + "\u001b[0;m\n"
                                + "no line end\n"
                                + "section_end:1700000000:step_script_mark\r\u001b[0K"
                                + "the job passed\n");
    }

    @Test
    void serverThatDoesNotFoldGetsTitlesOnly() throws Exception {
        TraceWriter writer =
                new TraceWriter(spool, 1000, new TraceWriter.Style(false, false), "mark");
        writer.sectionStarted(AT, "after_script");
        writer.sectionEnded(AT, "after_script");

        assertThat(text()).isEqualTo("\u001b[36;1mRunning after_script\u001b[0;m\n");
    }

    @Test
    void stampedLinesSayWhenAndByWhomTheyWerePrinted() throws Exception {
        TraceWriter writer = stamped(10_000);
        writer.sectionStarted(AT, "script");
        output(writer, "one\ntwo");
        output(writer, " and a half\n\nno line end");
        writer.sectionEnded(AT, "script");
        writer.notice(AT, "the job passed");
        writer.finish();

        assertThat(text())
                .isEqualTo(
                        """
                        STAMP 00O section_start:1700000000:step_script_mark\r\u001b[0K\u001b[36;1mExecuting "step_script" stage of the job script\u001b[0;m
                        STAMP 01O one
                        STAMP 01O two and a half
                        STAMP 01O
                        STAMP 01O no line end
                        STAMP 00O section_end:1700000000:step_script_mark\r\u001b[0K
                        STAMP 00O+the job passed
                        """
                                .replace("STAMP 01O\n", "STAMP 01O \n")
                                .replace("STAMP", "2023-11-14T22:13:20.000000Z"));
    }

    @Test
    void lineThatIsRedrawnIsContinuedByTheNextAndALongOneToo() throws Exception {
        TraceWriter writer = stamped(100_000);
        output(writer, "10 %\r");
        output(writer, "50 %\r60 %");
        output(writer, "100 %\r\n");
        output(writer, "x".repeat(8 * 1024));
        output(writer, "y");
        output(writer, "z\r");
        writer.notice(AT, "between");
        output(writer, "a new line\n");

        assertThat(text())
                .isEqualTo(
                        """
                        STAMP 01O 10 %%\r
                        STAMP 01O+50 %%\r60 %%
                        STAMP 01O+100 %%\r
                        STAMP 01O %sy
                        STAMP 01O+z\r
                        STAMP 00O between
                        STAMP 01O a new line
                        """
                                .formatted("x".repeat(8 * 1024))
                                .replace("STAMP", "2023-11-14T22:13:20.000000Z"));
    }

    @Test
    void everyLineOfAStampedLogHasTheFormOfTheReference() throws Exception {
        TraceWriter writer = stamped(1 << 20);
        Random random = new Random(11);
        for (int i = 0; i < 500; i++) {
            StringBuilder piece = new StringBuilder();
            int length = random.nextInt(40);
            for (int c = 0; c < length; c++) {
                piece.append("ab─ \r\n".charAt(random.nextInt(6)));
            }
            if (random.nextInt(10) == 0) {
                writer.notice(AT, "notice");
            }
            output(writer, piece.toString());
        }
        writer.notice(AT, "end");

        assertThat(text().split("\n"))
                .allMatch(line ->
                        line.matches(
                                "(?s)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z [0-9a-f]{2}[OE][ +].*"));
    }

    @Test
    void stampsCountAsOutputAndTheLinesAfterTheLimitAreStampedAgain() throws Exception {
        TraceWriter writer = stamped(100);
        for (int i = 0; i < 100; i++) {
            output(writer, "\n");
        }
        writer.notice(AT, "the job passed");

        assertThat(text())
                .hasSizeLessThan(300)
                .contains("exceeded limit of 100 bytes")
                .endsWith("2023-11-14T22:13:20.000000Z 00O the job passed\n");
    }

    private TraceWriter stamped(long limit) {
        return new TraceWriter(spool, limit, new TraceWriter.Style(true, true), "mark");
    }

    @Test
    void structureIsWrittenBeyondTheLimitOfTheOutput() throws Exception {
        TraceWriter writer = writer(1);
        output(writer, "output");
        writer.notice(AT, "the job failed");

        assertThat(text()).startsWith("o\n").endsWith("the job failed\n").doesNotContain("utput\n");
    }

    @Test
    void placeBeyondTheEndIsAnErrorAndNotAnEmptyPiece() throws Exception {
        output(writer(10), "abc");

        assertThat(spool.read(3, new byte[4])).isZero();
        assertThatThrownBy(() -> spool.read(4, new byte[4])).isInstanceOf(EOFException.class);
    }

    @Test
    void interruptedThreadsLeaveTheLogAsItIs() throws Exception {
        TraceWriter writer = writer(100);
        Thread.currentThread().interrupt();
        output(writer, "abc");
        assertThat(spool.read(0, new byte[3])).isEqualTo(3);
        assertThat(Thread.interrupted()).isTrue();
        output(writer, "def");

        assertThat(text()).isEqualTo("abcdef");
    }

    private TraceWriter writer(long limit) {
        return new TraceWriter(spool, limit, new TraceWriter.Style(true, false), "mark");
    }

    private static void output(TraceWriter writer, String text) throws Exception {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        writer.output(AT, bytes, 0, bytes.length);
    }

    private String text() throws Exception {
        byte[] all = new byte[(int) spool.sum().bytes()];
        spool.read(0, all);
        return new String(all, StandardCharsets.UTF_8);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.writeBytes(second);
        return both.toByteArray();
    }
}
