package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.LogEvent;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LogViewTest {

    private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
    private static final Pattern CLOCK = Pattern.compile("\\d\\d:\\d\\d:05");

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(shown, true, UTF_8);

    @Test
    void sectionsNoticesAndOutputAreToldApart() {
        try (LogView view = new LogView(out, Style.PLAIN, false)) {
            view.accept(new LogEvent.SectionStarted(AT, "script"));
            view.accept(output("hel"));
            view.accept(output("lo\n"));
            view.accept(new LogEvent.SectionEnded(AT, "script", Duration.ofMillis(1234)));
            view.accept(new LogEvent.Notice(AT, "the job passed"));
        }
        assertThat(withoutClock())
                .isEqualTo("== script  TIME\nhello\n== script took 1.2 s\n-- the job passed\n");
    }

    @Test
    void outputWithoutALineEndDoesNotSwallowWhatFollows() {
        try (LogView view = new LogView(out, Style.PLAIN, false)) {
            view.accept(output("no end"));
            view.accept(new LogEvent.Notice(AT, "a notice"));
            view.accept(output("no end either"));
        }
        assertThat(shown.toString(UTF_8)).isEqualTo("no end\n-- a notice\nno end either\n");
    }

    @Test
    void eachLineBeginsWithTheTimeOfItsFirstByte() {
        try (LogView view = new LogView(out, Style.PLAIN, true)) {
            view.accept(output("one\ntw"));
            view.accept(output("o\n"));
        }
        assertThat(withoutClock()).isEqualTo("TIME one\nTIME two\n");
    }

    @Test
    void bytesThatAreNoTextArriveAsTheyAre() {
        byte[] odd = {(byte) 0xff, 0, (byte) 0xc3, '\n'};
        try (LogView view = new LogView(out, Style.PLAIN, false)) {
            view.accept(new LogEvent.Output(AT, odd));
        }
        assertThat(shown.toByteArray()).isEqualTo(odd);
    }

    @Test
    void coloursSurroundMayflysWordsOnly() {
        try (LogView view = new LogView(out, new Style(true, false), false)) {
            view.accept(output("hello\n"));
            view.accept(new LogEvent.Notice(AT, "a notice"));
        }
        assertThat(shown.toString(UTF_8)).isEqualTo("hello\n\u001b[2m-- a notice\u001b[0m\n");
    }

    @Test
    @Timeout(20)
    void aQuietSectionShowsThatTimePassesAndTheLineIsClearedForOutput() throws Exception {
        try (LogView view = new LogView(out, new Style(false, true), false)) {
            view.accept(new LogEvent.SectionStarted(AT, "script"));
            while (!shown.toString(UTF_8).contains("\rscript ")) {
                Thread.sleep(10);
            }
            view.accept(output("hello\n"));
        }
        assertThat(shown.toString(UTF_8)).endsWith("\u001b[K\r\u001b[Khello\n");
    }

    private String withoutClock() {
        return CLOCK.matcher(shown.toString(UTF_8)).replaceAll("TIME");
    }

    private static LogEvent.Output output(String text) {
        return new LogEvent.Output(AT, text.getBytes(UTF_8));
    }
}
