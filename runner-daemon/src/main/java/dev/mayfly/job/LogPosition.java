package dev.mayfly.job;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a log, and the number of what stands there. Bytes of output and events are each
 * counted from 0 without gaps, so the two numbers tell whether anything is missing or out of order,
 * however the output was cut into pieces on its way.
 *
 * @param output bytes of output before it
 * @param events sections and notices before it
 */
public record LogPosition(long output, long events) {

    /** Before everything. */
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
                    "a position in a log looks like 1024-8, got \"" + text + "\"");
        }
        return new LogPosition(Long.parseLong(parts.group(1)), Long.parseLong(parts.group(2)));
    }

    @Override
    public String toString() {
        return output + "-" + events;
    }
}
