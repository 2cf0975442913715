package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LogViewTest {

    private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
    private static final Style TERMINAL = new Style(false, true);
    private static final Pattern CLOCK = Pattern.compile("\\d\\d:\\d\\d:05");

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(shown, true, UTF_8);

    @Test
    void sectionsNoticesAndOutputAreToldApart() {
        try (LogView view = new LogView(out, Style.PLAIN, false)) {
            view.event(LogPosition.START, new LogEvent.SectionStarted(AT, "script"));
            print(view, "hel");
            print(view, "lo\n");
            view.event(
                    LogPosition.START,
                    new LogEvent.SectionEnded(AT, "script", Duration.ofMillis(1234)));
            view.event(LogPosition.START, new LogEvent.Notice(AT, "the job passed"));
        }
        assertThat(withoutClock())
                .isEqualTo("== script  TIME\nhello\n== script took 1.2 s\n-- the job passed\n");
    }

    @Test
    void outputWithoutALineEndDoesNotSwallowWhatFollows() {
        try (LogView view = new LogView(out, Style.PLAIN, false)) {
            print(view, "no end");
            view.event(LogPosition.START, new LogEvent.Notice(AT, "a notice"));
            print(view, "no end either");
        }
        assertThat(shown.toString(UTF_8)).isEqualTo("no end\n-- a notice\nno end either\n");
    }

    @Test
    void eachLineBeginsWithTheTimeOfItsFirstByte() {
        try (LogView view = new LogView(out, Style.PLAIN, true)) {
            print(view, "one\ntw");
            print(view, "o\n");
        }
        assertThat(withoutClock()).isEqualTo("TIME one\nTIME two\n");
    }

    @Test
    void bytesThatAreNoTextArriveAsTheyAre() {
        byte[] odd = {(byte) 0xff, 0, (byte) 0xc3, '\n'};
        try (LogView view = new LogView(out, Style.PLAIN, false)) {
            print(view, odd);
        }
        assertThat(shown.toByteArray()).isEqualTo(odd);
    }

    @Test
    void coloursSurroundMayflysWordsOnly() {
        try (LogView view = new LogView(out, new Style(true, false), false)) {
            print(view, "hello\n");
            view.event(LogPosition.START, new LogEvent.Notice(AT, "a notice"));
        }
        assertThat(shown.toString(UTF_8)).isEqualTo("hello\n\u001b[2m-- a notice\u001b[0m\n");
    }

    @Test
    @Timeout(20)
    void aQuietSectionShowsThatTimePassesAndTheLineIsClearedForOutput() throws Exception {
        try (LogView view = new LogView(out, new Style(false, true), false)) {
            view.event(LogPosition.START, new LogEvent.SectionStarted(AT, "script"));
            Eventually.holds(
                    "the progress line is shown",
                    Duration.ofSeconds(15),
                    () -> shown.toString(UTF_8).contains("\rscript "));
            print(view, "hello\n");
        }
        assertThat(shown.toString(UTF_8)).endsWith("\u001b[K\r\u001b[Khello\n");
    }

    @Test
    void outputCannotImitateALineOfMayfly() {
        String output =
                """
                == fake
                -- fake
                ESC[1m== bold
                =ESC[0m= split
                ESC]0;tESC\\-- t
                --- a/file
                ==
                --help
                 a == b
                -\
                """;
        String expected =
                """
                | == fake
                | -- fake
                ESC[1m| == bold
                | =ESC[0m= split
                ESC]0;tESC\\| -- t
                --- a/file
                ==
                --help
                 a == b
                -
                """;

        assertThat(inPieces(Style.PLAIN, output.replace("ESC", "\u001b")))
                .isEqualTo(expected.replace("ESC", "\u001b"));
    }

    @Test
    void aSequenceWithoutAnEndHidesNoImitation() {
        assertThat(inPieces(Style.PLAIN, "\u001b]0;no end\n== fake\n"))
                .isEqualTo("\u001b]0;no end\n| == fake\n");
        assertThat(inPieces(Style.PLAIN, "=" + "\u001b[0m".repeat(30) + "= fake\n"))
                .startsWith("| =");
    }

    @Test
    void aTerminalGetsColoursAndNoOtherSequence() {
        String output =
                "\u001b[1;31mred\u001b[0m \u001b[2J\u001b[1A\u001b]52;c;aGk=\u0007\u001bPq\u001b\\a"
                        + "\u001b(B\u001b[?25l\u001b7\u0007\u009b2Jb\tc\n\u001b]0;no end\nd\u00e9\u20ac\n";

        assertThat(inPieces(TERMINAL, output))
                .isEqualTo("\u001b[1;31mred\u001b[0m a2Jb\tc\n\nd\u00e9\u20ac\n\u001b[0m");
    }

    @Test
    void aTerminalIsNotDrawnOverWithAnImitation() {
        assertThat(inPieces(TERMINAL, "10 %\r20 %\r\n")).isEqualTo("10 %\r20 %\r\n");
        assertThat(inPieces(TERMINAL, "x\r== fake\n")).isEqualTo("x\r| == fake\n");
        assertThat(inPieces(TERMINAL, "x= fake\r=\n")).isEqualTo("x= fake\r| =\n");
        assertThat(inPieces(TERMINAL, "==x\b fake\n")).isEqualTo("==x fake\n");
        assertThat(inPieces(TERMINAL, "wait -\b/\n")).isEqualTo("wait -\b/\n");
    }

    @Test
    void coloursOfAJobEndBeforeMayflysWords() {
        try (LogView view = new LogView(out, TERMINAL, false)) {
            print(view, "\u001b[8mhidden");
            view.event(LogPosition.START, new LogEvent.Notice(AT, "a notice"));
        }
        assertThat(shown.toString(UTF_8)).isEqualTo("\u001b[8mhidden\u001b[0m\n-- a notice\n");
    }

    /** However it is cut, the same is shown. */
    private static String inPieces(Style style, String output) {
        byte[] bytes = output.getBytes(UTF_8);
        String whole = shown(style, List.of(bytes));
        for (int cut = 0; cut <= bytes.length; cut++) {
            List<byte[]> halves =
                    List.of(
                            Arrays.copyOf(bytes, cut),
                            Arrays.copyOfRange(bytes, cut, bytes.length));
            assertThat(shown(style, halves)).as("cut at %d", cut).isEqualTo(whole);
        }
        List<byte[]> single = new ArrayList<>();
        for (byte b : bytes) {
            single.add(new byte[] {b});
        }
        assertThat(shown(style, single)).isEqualTo(whole);
        return whole;
    }

    private static String shown(Style style, List<byte[]> pieces) {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        try (LogView view = new LogView(new PrintStream(shown, true, UTF_8), style, false)) {
            pieces.forEach(piece -> print(view, piece));
        }
        return shown.toString(UTF_8);
    }

    private String withoutClock() {
        return CLOCK.matcher(shown.toString(UTF_8)).replaceAll("TIME");
    }

    private static void print(LogView view, String text) {
        print(view, text.getBytes(UTF_8));
    }

    private static void print(LogView view, byte[] bytes) {
        view.output(0, AT, bytes, 0, bytes.length);
    }
}
