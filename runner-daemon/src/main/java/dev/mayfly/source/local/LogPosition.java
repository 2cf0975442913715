package dev.mayfly.source.local;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a retained log, between two events.
 *
 * @param output bytes of output before it
 * @param events bytes of the event file before it
 */
public record LogPosition(long output, long events) {

    /** Before the first event. */
    public static final LogPosition START = new LogPosition(0, 0);

    private static final Pattern TEXT = Pattern.compile("(\\d{1,18})-(\\d{1,18})");

    public LogPosition {
        if (output < 0 || events < 0) {
            throw new IllegalArgumentException(
                    "a position in a log is not negative, got " + output + "-" + events);
        }
    }

    /**
     * Reads what {@link #toString()} wrote.
     *
     * @throws IllegalArgumentException when it is anything else
     */
    public static LogPosition parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "a position in a log looks like 1024-88, got \"" + text + "\"");
        }
        return new LogPosition(Long.parseLong(parts.group(1)), Long.parseLong(parts.group(2)));
    }

    @Override
    public String toString() {
        return output + "-" + events;
    }
}
