package dev.mayfly.config;

import java.nio.file.Path;
import java.util.Comparator;

/**
 * One mistake in a file, with where it is and what to do about it. Never holds the value of a
 * secret; control characters are made visible, so that a file cannot write to a terminal.
 *
 * @param file the file as its reader named it
 * @param line counted from 1
 * @param column counted from 1, in characters
 * @param field the key's path, such as {@code pools[0].slots}; empty for the whole file
 * @param cause what is wrong
 * @param cure what to write instead
 */
public record Problem(Path file, int line, int column, String field, String cause, String cure) {

    private static final int MAX_TEXT = 1000;

    /** From the first line to the last. */
    static final Comparator<Problem> IN_ORDER =
            Comparator.comparingInt(Problem::line)
                    .thenComparingInt(Problem::column)
                    .thenComparing(Problem::field)
                    .thenComparing(Problem::cause);

    public Problem {
        field = printable(field);
        cause = printable(cause);
        cure = printable(cure);
    }

    /** Two lines: {@code file:line:column: field: cause}, and the cure indented below. */
    @Override
    public String toString() {
        return withoutCure() + "\n    cure: " + cure;
    }

    /** One line: {@code file:line:column: field: cause}. */
    public String withoutCure() {
        String subject = field.isEmpty() ? "" : field + ": ";
        return file + ":" + line + ":" + column + ": " + subject + cause;
    }

    private static String printable(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints()
                .limit(MAX_TEXT)
                .forEach(point -> {
                    if (Character.isISOControl(point)
                            || Character.getType(point) == Character.FORMAT
                            || Character.getType(point) == Character.LINE_SEPARATOR
                            || Character.getType(point) == Character.PARAGRAPH_SEPARATOR) {
                        shown.append("\\u%04x".formatted(point));
                    } else {
                        shown.appendCodePoint(point);
                    }
                });
        return shown.toString();
    }
}
