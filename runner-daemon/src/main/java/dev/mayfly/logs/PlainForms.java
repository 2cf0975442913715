package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.function.Predicate.not;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
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

    private static final Pattern ARMOUR =
            Pattern.compile("-{4,5} ?(?:BEGIN|END) [A-Z0-9 ]{1,64}-{4,5}");

    /** {@code "name":} of JSON, {@code name:} of YAML. */
    private static final Pattern MEMBER =
            Pattern.compile(
                    "[-{\\[ \t]*(?:\"([A-Za-z_][\\w.-]{0,31})\"[ \t]*:"
                            + "|([A-Za-z_][\\w.-]{0,31}):(?=[ \t]|$))[ \t]*");

    /** Members of well-known credential files whose values are the same for everybody. */
    private static final Set<String> PUBLIC_MEMBERS =
            Set.of(
                    "apiVersion",
                    "auth_provider_x509_cert_url",
                    "auth_uri",
                    "current-context",
                    "kind",
                    "token_uri",
                    "type",
                    "universe_domain");

    /** What JSON, YAML and decorated text consist of besides their content. */
    private static final String STRUCTURE = "{}[]()<>,:;\"'-=_*#/\\. \t";

    private final String asGiven;
    private final List<String> lines;
    private final List<String> linesOfLiterals;

    PlainForms(byte[] value) {
        asGiven = new String(value, ISO_8859_1);
        lines = List.of(LINE_END.split(stripped(), -1));
        linesOfLiterals = List.of(LINE_END_OR_LITERAL.split(stripped(), -1));
    }

    /** No variable, command line or text file can hold a zero byte. */
    boolean isText() {
        return asGiven.indexOf('\0') < 0;
    }

    /** Without line ends around it. */
    String stripped() {
        return strip(asGiven, "\r\n");
    }

    /** Without any blanks around it. */
    String trimmed() {
        return strip(asGiven, " \t\r\n");
    }

    /** What an encoder may be given as the value. */
    Set<String> wholes() {
        Set<String> wholes = new LinkedHashSet<>();
        wholes.add(stripped());
        wholes.add(trimmed());
        if (isText()) {
            wholes.addAll(withLineEnds());
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
        List<String> ended = new ArrayList<>();
        for (String end : List.of("\n", "\r\n")) {
            ended.add(String.join(end, lines));
            ended.add(String.join(end, linesOfLiterals));
        }
        return ended;
    }

    /**
     * The lines that are masked alone, without blanks around them: of a value that has several,
     * those with content of their own. A line of braces, or {@code "type": "service_account"},
     * would hide half of other logs and protect nothing.
     */
    Set<String> linesWithContent() {
        Set<String> found = new LinkedHashSet<>();
        if (linesOfLiterals.size() > 1) {
            linesOfLiterals.stream()
                    .map(line -> strip(line, " \t"))
                    .filter(not(PlainForms::hasNoContent))
                    .forEach(found::add);
        }
        return found;
    }

    private static boolean hasNoContent(String line) {
        Matcher member = MEMBER.matcher(line);
        String content = line;
        if (member.lookingAt()) {
            String name = member.group(1) != null ? member.group(1) : member.group(2);
            if (PUBLIC_MEMBERS.contains(name)) {
                return true;
            }
            content = strip(line.substring(member.end()), "\", ");
        }
        return ARMOUR.matcher(content).matches()
                || content.chars().filter(c -> STRUCTURE.indexOf(c) < 0).count()
                        < Maskability.SHORTEST_BYTES;
    }

    private static String strip(String text, String characters) {
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
