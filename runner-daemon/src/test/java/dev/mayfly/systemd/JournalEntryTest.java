package dev.mayfly.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines as journald takes them. */
@Timeout(60)
class JournalEntryTest {

    @TempDir private Path folder;
    private final LoggerContext context = new LoggerContext();

    JournalEntryTest() {
        context.setMDCAdapter(new LogbackMDCAdapter());
    }

    private LoggingEvent event(Level level, String message, @Nullable Object... arguments) {
        return new LoggingEvent(
                "caller", context.getLogger("dev.mayfly.Some"), level, message, null, arguments);
    }

    /** Reads what journald would: NAME=text, or NAME, a length of eight bytes, and bytes. */
    private static Map<String, String> fields(byte[] datagram) {
        Map<String, String> fields = new LinkedHashMap<>();
        int at = 0;
        while (at < datagram.length) {
            int name = at;
            while (datagram[at] != '=' && datagram[at] != '\n') {
                at++;
            }
            String key = new String(datagram, name, at - name, StandardCharsets.US_ASCII);
            int from;
            int to;
            if (datagram[at] == '=') {
                from = at + 1;
                to = from;
                while (datagram[to] != '\n') {
                    to++;
                }
            } else {
                from = at + 1 + Long.BYTES;
                to =
                        from
                                + (int)
                                        ByteBuffer.wrap(datagram, at + 1, Long.BYTES)
                                                .order(ByteOrder.LITTLE_ENDIAN)
                                                .getLong();
            }
            fields.put(key, new String(datagram, from, to - from, StandardCharsets.UTF_8));
            assertThat((int) datagram[to]).isEqualTo('\n');
            at = to + 1;
        }
        return fields;
    }

    @Test
    void everyKeyOfAMessageIsAFieldOfItsOwn() {
        assertThat(
                        fields(
                                JournalEntry.of(
                                        event(
                                                Level.WARN,
                                                "slot lost pool={} job={} because=\"{}\" {}",
                                                "trusted",
                                                "j-1",
                                                "it is stuck",
                                                "and more"))))
                .containsEntry(
                        "MESSAGE",
                        "slot lost pool=trusted job=j-1 because=\"it is stuck\" and more")
                .containsEntry("PRIORITY", "4")
                .containsEntry("SYSLOG_IDENTIFIER", "mayfly")
                .containsEntry("MAYFLY_LOGGER", "dev.mayfly.Some")
                .containsEntry("MAYFLY_POOL", "trusted")
                .containsEntry("MAYFLY_JOB", "j-1")
                .containsEntry("MAYFLY_BECAUSE", "it is stuck")
                .hasSize(8); // with the thread's name; the last argument has no key
    }

    @Test
    void textOfSeveralLinesCannotAddAField() {
        Map<String, String> fields =
                fields(JournalEntry.of(event(Level.INFO, "said={}", "one\nPRIORITY=0\nü")));

        assertThat(fields)
                .containsEntry("MAYFLY_SAID", "one\nPRIORITY=0\nü")
                .containsEntry("MESSAGE", "said=one\nPRIORITY=0\nü")
                .containsEntry("PRIORITY", "6");
    }

    @Test
    void exceptionIsPartOfTheMessage() {
        LoggingEvent event = event(Level.ERROR, "it failed");
        event.setThrowableProxy(new ThrowableProxy(new IllegalStateException("why")));

        assertThat(fields(JournalEntry.of(event)).get("MESSAGE"))
                .startsWith("it failed\njava.lang.IllegalStateException: why\n\tat dev.mayfly.");
    }

    @Test
    void textThatIsTooLongForADatagramIsCut() {
        Map<String, String> fields =
                fields(JournalEntry.of(event(Level.INFO, "said={}", "x".repeat(300_000))));

        assertThat(fields.get("MAYFLY_SAID")).hasSize(16_001).endsWith("x…");
        assertThat(fields.get("MESSAGE")).hasSize(16_001);
    }

    @Test
    void messageWithoutArgumentsAndArgumentsThatAreNullAreTaken() {
        assertThat(fields(JournalEntry.of(event(Level.INFO, "plain {}"))))
                .containsEntry("MESSAGE", "plain {}");
        assertThat(fields(JournalEntry.of(event(Level.INFO, "a={}", (Object) null))))
                .containsEntry("MESSAGE", "a=null")
                .doesNotContainKey("MAYFLY_A");
    }

    @ParameterizedTest
    @CsvSource({"ERROR,3", "WARN,4", "INFO,6", "DEBUG,7", "TRACE,7"})
    void levelsArePrioritiesOfSyslog(String level, int priority) {
        assertThat(JournalEntry.priority(Level.toLevel(level))).isEqualTo(priority);
    }

    @Test
    void lineReachesTheSocketOfTheJournal() throws Exception {
        String socket = folder.resolve("journal").toString();
        try (DatagramSocket journal = new DatagramSocket(socket)) {
            JournalAppender appender = appender(socket);
            appender.doAppend(event(Level.INFO, "ready version={}", "1.2.3"));
            appender.stop();

            assertThat(fields(journal.receive()))
                    .containsEntry("MESSAGE", "ready version=1.2.3")
                    .containsEntry("MAYFLY_VERSION", "1.2.3");
        }
    }

    @Test
    void whatTheJournalDoesNotTakeGoesToStandardErrorWithItsPriority() {
        JournalAppender appender = appender(folder.resolve("nobody").toString());
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try {
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            appender.doAppend(event(Level.ERROR, "lost job={}", "j-1"));
        } finally {
            System.setErr(before);
            appender.stop();
        }

        assertThat(said.toString(StandardCharsets.UTF_8).strip()).isEqualTo("<3>lost job=j-1");
    }

    @Test
    void onlyAProcessWhoseStandardErrorTheJournalReadsWritesToIt() {
        assertThat(JournalAppender.isReadByJournal(Map.of())).isFalse();
        assertThat(JournalAppender.isReadByJournal(Map.of("JOURNAL_STREAM", "1:2"))).isFalse();
    }

    private JournalAppender appender(String socket) {
        JournalAppender appender = new JournalAppender();
        appender.setContext(context);
        appender.setSocket(socket);
        appender.start();
        return appender;
    }
}
