package dev.mayfly.systemd;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the daemon's log to journald with fields. What journald does not take goes to standard
 * error with the prefix that systemd reads a priority from, so that no line is lost.
 */
public final class JournalAppender extends AppenderBase<ILoggingEvent> {

    private static final String JOURNAL = "/run/systemd/journal/socket";

    private String socket = JOURNAL;
    private @Nullable UnixDatagrams journal;

    /** Whether standard error of this process is read by journald. */
    public static boolean isReadByJournal(Map<String, String> environment) {
        String stream = environment.getOrDefault("JOURNAL_STREAM", "");
        if (stream.isEmpty()) {
            return false;
        }
        try {
            // Inherited by children whose standard error is something else, so it is compared.
            Map<String, Object> is =
                    Files.readAttributes(Path.of("/proc/self/fd/2"), "unix:dev,ino");
            return stream.equals(is.get("dev") + ":" + is.get("ino"));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false;
        }
    }

    /** Another socket than the host's own, for tests. */
    public void setSocket(String socket) {
        this.socket = socket;
    }

    @Override
    public void start() {
        try {
            journal = UnixDatagrams.to(socket);
        } catch (IOException e) {
            addWarn("journald cannot be spoken to natively", e);
        }
        super.start();
    }

    @Override
    protected void append(ILoggingEvent event) {
        try {
            if (journal != null) {
                journal.send(JournalEntry.of(event));
                return;
            }
        } catch (IOException e) {
            addWarn("journald did not take a line", e);
        }
        System.err.println(
                "<" + JournalEntry.priority(event.getLevel()) + ">" + event.getFormattedMessage());
    }

    @Override
    public void stop() {
        super.stop();
        if (journal != null) {
            journal.close();
            journal = null;
        }
    }
}
