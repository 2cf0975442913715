package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A value as it is printed without any encoding: whole, with other line ends, line by line. Strings
 * here hold one byte in each character, so that any bytes can be a value.
 */
final class PlainForms {

    private static final Pattern LINE_END = Pattern.compile("\r\n|\n|\r");

    /** JSON key files and variables often hold their lines with the two characters instead. */
    private static final Pattern LINE_END_OR_LITERAL =
            Pattern.compile("\r\n|\n|\r|\\\\r\\\\n|\\\\n");

    private static final Pattern BLANKS = Pattern.compile("[ \t\r\n]+");

    private final String asGiven;
    private final String stripped;
    private final List<String> lines;
    private final List<String> linesOfLiterals;

    PlainForms(byte[] value) {
        asGiven = new String(value, ISO_8859_1);
        stripped = strip(asGiven, "\r\n");
        lines = split(LINE_END, stripped, "\r\n");
        linesOfLiterals = split(LINE_END_OR_LITERAL, stripped, "\r\n\\");
    }

    private static List<String> split(Pattern end, String text, String startsOfEnds) {
        for (int i = 0; i < text.length(); i++) {
            if (startsOfEnds.indexOf(text.charAt(i)) >= 0) {
                return List.of(end.split(text, -1));
            }
        }
        return List.of(text);
    }

    /** No variable, command line or text file can hold a zero byte. */
    boolean isText() {
        return asGiven.indexOf('\0') < 0;
    }

    /** Without line ends around it. */
    String stripped() {
        return stripped;
    }

    /** Without any blanks around it. */
    String trimmed() {
        return strip(asGiven, " \t\r\n");
    }

    /** Without the pair of quotes around it that configuration files are copied with. */
    String unquoted() {
        String trimmed = trimmed();
        int last = trimmed.length() - 1;
        boolean quoted =
                last > 0
                        && "\"'".indexOf(trimmed.charAt(0)) >= 0
                        && trimmed.charAt(0) == trimmed.charAt(last);
        return quoted ? trimmed.substring(1, last) : trimmed;
    }

    /** What an encoder may be given as the value. */
    Set<String> wholes() {
        Set<String> wholes = new LinkedHashSet<>();
        wholes.add(stripped);
        wholes.add(trimmed());
        if (isText()) {
            wholes.addAll(withLineEnds());
        }
        return wholes;
    }

    /**
     * As it is given, and with other line ends.
     *
     * @param ends in the place of the value's own, or of literal ones if it has no others
     */
    Set<String> wholesWith(List<String> ends) {
        Set<String> wholes = new LinkedHashSet<>();
        wholes.add(stripped);
        if (isText()) {
            List<String> ended = lines.size() > 1 ? lines : linesOfLiterals;
            ends.forEach(end -> wholes.add(String.join(end, ended)));
        }
        return wholes;
    }

    /** With other line ends; without any, as {@code echo $VALUE} prints it. */
    Set<String> joined() {
        Set<String> joined = new LinkedHashSet<>(withLineEnds());
        joined.add(String.join("\\n", lines));
        joined.add(BLANKS.matcher(trimmed()).replaceAll(" "));
        return joined;
    }

    private List<String> withLineEnds() {
        if (linesOfLiterals.size() == 1) {
            return List.of(stripped);
        }
        List<String> ended = new ArrayList<>();
        for (String end : List.of("\n", "\r\n")) {
            ended.add(String.join(end, lines));
            ended.add(String.join(end, linesOfLiterals));
        }
        return ended;
    }

    /** Lines and members with content of their own, which are masked alone. */
    Set<String> parts() {
        return new Parts(stripped, linesOfLiterals).withContent();
    }

    static String strip(String text, String characters) {
        int from = 0;
        int to = text.length();
        while (from < to && characters.indexOf(text.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && characters.indexOf(text.charAt(to - 1)) >= 0) {
            to--;
        }
        return text.substring(from, to);
    }

    @Override
    public String toString() {
        return "PlainForms[hidden]";
    }
}
