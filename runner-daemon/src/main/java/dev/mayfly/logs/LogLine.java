package dev.mayfly.logs;

import dev.mayfly.job.LogEvent;

/** Others' words as one line that cannot be taken for more. */
final class LogLine {

    private LogLine() {}

    /**
     * Escapes line ends and other control characters. What is too long for an event is cut, and
     * says so.
     */
    static String of(String text) {
        StringBuilder line = new StringBuilder();
        text.codePoints().forEach(c -> appendVisibly(line, c));
        if (line.length() <= LogEvent.LONGEST_TEXT) {
            return line.toString();
        }
        String cut = "... (" + line.length() + " characters, cut)";
        int end = LogEvent.LONGEST_TEXT - cut.length();
        return line.substring(0, Character.isHighSurrogate(line.charAt(end - 1)) ? end - 1 : end)
                + cut;
    }

    private static void appendVisibly(StringBuilder line, int codePoint) {
        switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> {
                switch (codePoint) {
                    case '\n' -> line.append("\\n");
                    case '\r' -> line.append("\\r");
                    case '\t' -> line.append("\\t");
                    default -> line.append("\\u%04x".formatted(codePoint));
                }
            }
            default -> line.appendCodePoint(codePoint);
        }
    }
}
