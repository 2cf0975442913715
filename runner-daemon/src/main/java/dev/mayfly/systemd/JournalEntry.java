package dev.mayfly.systemd;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A line of the daemon's log as journald's native protocol has it. Each {@code key={}} of a message
 * becomes a field of its own, so that {@code journalctl MAYFLY_JOB=...} finds all lines of a job.
 */
final class JournalEntry {

    /** Of one text; journald's own limit for a datagram is the socket's buffer, about 200 KiB. */
    private static final int MOST_CHARACTERS = 16_000;

    private static final Pattern PLACE = Pattern.compile("(?:([a-z][a-z0-9_]*)=\"?)?\\{}");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);

    private JournalEntry() {}

    /** The datagram for one event. */
    static byte[] of(ILoggingEvent event) {
        JournalEntry entry = new JournalEntry();
        String text = event.getFormattedMessage();
        if (event.getThrowableProxy() != null) {
            text += "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
        }
        entry.field("MESSAGE", text);
        entry.field("PRIORITY", Integer.toString(priority(event.getLevel())));
        entry.field("SYSLOG_IDENTIFIER", "mayfly");
        entry.field("MAYFLY_LOGGER", event.getLoggerName());
        entry.field("MAYFLY_THREAD", event.getThreadName());
        entry.arguments(event);
        return entry.bytes.toByteArray();
    }

    /** Of syslog(3). */
    static int priority(Level level) {
        return switch (level.toInt()) {
            case Level.ERROR_INT -> 3;
            case Level.WARN_INT -> 4;
            case Level.INFO_INT -> 6;
            default -> 7;
        };
    }

    private void arguments(ILoggingEvent event) {
        Object[] arguments = event.getArgumentArray();
        if (arguments == null || event.getMessage() == null) {
            return;
        }
        Matcher place = PLACE.matcher(event.getMessage());
        for (int i = 0; i < arguments.length && place.find(); i++) {
            String key = place.group(1);
            if (key != null && arguments[i] != null) {
                field("MAYFLY_" + key.toUpperCase(Locale.ROOT), String.valueOf(arguments[i]));
            }
        }
    }

    private void field(String name, String text) {
        String kept =
                text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "…";
        byte[] value = kept.getBytes(StandardCharsets.UTF_8);
        bytes.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        if (kept.indexOf('\n') < 0) {
            bytes.write('=');
        } else {
            bytes.write('\n');
            bytes.writeBytes(
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(value.length)
                            .array());
        }
        bytes.writeBytes(value);
        bytes.write('\n');
    }
}
