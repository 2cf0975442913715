package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The lines and members of a value that are masked alone: those with content of their own. A line
 * of braces, or {@code "type": "service_account"}, would hide half of other logs and protect
 * nothing.
 */
final class Parts {

    /** What a line needs besides {@link #STRUCTURE} and a member's name. */
    private static final int LINE_BYTES = 6;

    /** What a member's value needs: without its name it is easier to meet by chance. */
    private static final int MEMBER_BYTES = 8;

    /** With fewer, it is decoration or padding: {@code aaaaaaaa}, the zeros in a key. */
    private static final int DIFFERENT_BYTES = 4;

    /** What JSON, YAML and decorated text consist of besides their content. */
    private static final String STRUCTURE = "{}[]()<>,:;\"'-=_*#/\\. \t";

    private static final Pattern ARMOUR =
            Pattern.compile("-{4,5} ?(?:BEGIN|END) [A-Z0-9 ]{1,64}-{4,5}");

    /** The same in many files: tags without attributes, how scripts begin. */
    private static final Pattern COMMON_LINE =
            Pattern.compile(
                    "</[\\w:.-]+>|<[A-Za-z:.-]+/?>|<\\?xml [^<>]*>"
                            + "|#!/[a-z/]{0,64}/(?:env )?[a-z]+|set -[a-z]{1,8}(?: -?o? ?pipefail)?");

    /** {@code "name":} of JSON, {@code name:} of YAML and headers, {@code name=} of settings. */
    private static final Pattern MEMBER =
            Pattern.compile(
                    "[-{\\[ \t]*(?:export )?(?:\"([A-Za-z_][\\w.-]{0,63})\"[ \t]*:"
                            + "|([A-Za-z_][\\w.-]{0,63})(?::(?=[ \t]|$)|[ \t]*=(?=[ \t]*[^=\\s])))"
                            + "[ \t]*");

    /** A name that is none of the above, as {@code //host/:_authToken=} of npm. */
    private static final Pattern OTHER_MEMBER =
            Pattern.compile("[^\\s=][^\\s=]{0,255}?(?:=(?=[^=\\s])|:[ \t]+)");

    /** {@code <name>text</name>}, as in Maven's settings. */
    private static final Pattern ELEMENT =
            Pattern.compile("<([A-Za-z_][\\w.:-]{0,63})(?:\\s[^<>]*+)?>([^<>]++)</\\1\\s*+>");

    private static final Pattern NETRC = Pattern.compile("(?:^|\\s)(?:machine\\s+\\S+|default)\\s");

    private static final Pattern NETRC_PASSWORD =
            Pattern.compile("\\s(?:password|account)\\s+(\"?)(\\S+)\\1(?!\\S)");

    /** {@code host:port:database:user:password}, with backslashes before colons. */
    private static final Pattern PGPASS =
            Pattern.compile(
                    "(?:[^:\\\\]|\\\\.){1,255}+:(?:[0-9]{1,5}|\\*)(?::(?:[^:\\\\]|\\\\.){1,255}+){2}:(.+)");

    private static final Pattern PGPASS_ESCAPE = Pattern.compile("\\\\([\\\\:])");

    /** Behind a setting's value, which may itself hold the sign. */
    private static final Pattern COMMENT = Pattern.compile("[ \t]#.*");

    /** Of JSON and YAML; Java's units for characters that need two. */
    private static final Pattern ESCAPE =
            Pattern.compile(
                    "((?:\\\\u[0-9A-Fa-f]{4})++)|\\\\x([0-9A-Fa-f]{2})|\\\\(.)", Pattern.DOTALL);

    private final String value;
    private final List<String> lines;

    /**
     * Looks for nothing yet.
     *
     * @param value the whole
     * @param lines of the value, split at literal line ends too
     */
    Parts(String value, List<String> lines) {
        this.value = value;
        this.lines = lines;
    }

    Set<String> withContent() {
        Set<String> found = new LinkedHashSet<>();
        if (lines.size() > 1) {
            for (String line : lines) {
                addLine(found, PlainForms.strip(line, " \t"));
            }
        }
        if (value.indexOf('{') >= 0) {
            eachMemberOfJson((name, text) -> {
                addMember(found, name, text);
                addMember(found, name, unescaped(text));
            });
        }
        if (value.indexOf('<') >= 0) {
            addElements(found);
        }
        if (NETRC.matcher(value).find()) {
            NETRC_PASSWORD
                    .matcher(value)
                    .results()
                    .forEach(password -> addMember(found, "password", password.group(2)));
        }
        for (String line : lines) {
            addPasswordOfPostgres(found, line);
        }
        return found;
    }

    private void addElements(Set<String> found) {
        Matcher element = ELEMENT.matcher(value);
        while (element.find()) {
            String name = element.group(1);
            String text = PlainForms.strip(element.group(2), " \t\r\n");
            addMember(found, name, text);
            addMember(found, name, withoutEntities(text));
        }
    }

    private static String withoutEntities(String text) {
        return text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&");
    }

    private static void addPasswordOfPostgres(Set<String> found, String line) {
        Matcher fields = PGPASS.matcher(line);
        if (fields.matches()) {
            String password = fields.group(1);
            addMember(found, "password", password);
            addMember(found, "password", PGPASS_ESCAPE.matcher(password).replaceAll("$1"));
        }
    }

    private static void addLine(Set<String> found, String line) {
        if (!hasContent(line)) {
            return;
        }
        found.add(line);
        Matcher member = MEMBER.matcher(line);
        if (member.lookingAt()) {
            addSetting(found, nameOf(member), line.substring(member.end()));
            return;
        }
        Matcher other = OTHER_MEMBER.matcher(line);
        if (other.lookingAt()) {
            String name = PlainForms.strip(other.group(), "=: \t");
            String last = name.substring(name.lastIndexOf(':') + 1);
            addSetting(found, last, line.substring(other.end()));
        }
    }

    /**
     * Whether a line is worth hiding wherever it stands.
     *
     * @param line without blanks around it
     */
    static boolean hasContent(String line) {
        Matcher member = MEMBER.matcher(line);
        if (!member.lookingAt()) {
            return hasContent(line, LINE_BYTES) && !COMMON_LINE.matcher(line).matches();
        }
        String content = PlainForms.strip(line.substring(member.end()), ", \t\"'");
        return !WordList.isPublicMember(nameOf(member)) && hasContent(content, LINE_BYTES);
    }

    /** Whether a line has a member's name and what is behind it is not worth hiding. */
    static boolean isPublicSetting(String line) {
        return MEMBER.matcher(line).lookingAt() && !hasContent(line);
    }

    private static String nameOf(Matcher member) {
        return member.group(1) != null ? member.group(1) : member.group(2);
    }

    /** As it is written, and what is read of it: without quotes, escapes and what stands behind. */
    private static void addSetting(Set<String> found, String name, String written) {
        String text = PlainForms.strip(written, ", \t");
        addMember(found, name, isQuoted(text) ? text.substring(1, text.length() - 1) : text);
        if (text.startsWith("\"")) {
            int end = endOfString(text, 1);
            if (end > 0) {
                String inside = text.substring(1, end);
                addMember(found, name, inside);
                addMember(found, name, unescaped(inside));
            }
        } else if (text.startsWith("'")) {
            int end = endOfApostrophes(text);
            if (end > 0) {
                String inside = text.substring(1, end);
                addMember(found, name, inside);
                addMember(found, name, inside.replace("''", "'"));
            }
        } else {
            String alone = COMMENT.matcher(text).replaceFirst("");
            addMember(found, name, PlainForms.strip(alone, ";, \t"));
        }
    }

    private static int endOfApostrophes(String text) {
        int end = text.indexOf('\'', 1);
        while (end > 0 && text.startsWith("''", end)) {
            end = text.indexOf('\'', end + 2);
        }
        return end;
    }

    /** What a reader of JSON or YAML makes of the inside of a string, without line ends around. */
    private static String unescaped(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        String read =
                ESCAPE.matcher(text)
                        .replaceAll(escape -> Matcher.quoteReplacement(character(escape)));
        return PlainForms.strip(read, "\r\n");
    }

    private static String character(MatchResult escape) {
        if (escape.group(3) != null) {
            int known = "bfnrt".indexOf(escape.group(3));
            return known < 0 ? escape.group(3) : "\b\f\n\r\t".substring(known, known + 1);
        }
        StringBuilder units = new StringBuilder();
        if (escape.group(2) != null) {
            units.append((char) Integer.parseInt(escape.group(2), 16));
        } else {
            String digits = escape.group(1);
            for (int i = 2; i < digits.length(); i += 6) {
                units.append((char) Integer.parseInt(digits.substring(i, i + 4), 16));
            }
        }
        return new String(units.toString().getBytes(UTF_8), ISO_8859_1);
    }

    private static void addMember(Set<String> found, String name, String text) {
        if (!WordList.isPublicMember(name) && hasContent(text, MEMBER_BYTES)) {
            found.add(text);
        }
    }

    private static boolean isQuoted(String text) {
        int last = text.length() - 1;
        return last > 0
                && (text.charAt(0) == '"' || text.charAt(0) == '\'')
                && text.charAt(0) == text.charAt(last);
    }

    private static boolean hasContent(String text, int bytes) {
        boolean[] seen = new boolean[256];
        int count = 0;
        int different = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (STRUCTURE.indexOf(c) < 0) {
                count++;
                if (!seen[c]) {
                    seen[c] = true;
                    different++;
                }
            }
        }
        return count >= bytes
                && different >= DIFFERENT_BYTES
                && !isCommonWord(PlainForms.strip(text, STRUCTURE))
                && !ARMOUR.matcher(text).matches();
    }

    private static boolean isCommonWord(String text) {
        return WordList.COMMON_WORDS.contains(text.toLowerCase(Locale.ROOT));
    }

    /** Members whose value is a string; broken JSON gives what can be recognised. */
    private void eachMemberOfJson(BiConsumer<String, String> member) {
        @Nullable String name = null;
        int from = value.indexOf('"');
        while (from >= 0) {
            int to = endOfString(value, from + 1);
            if (to < 0) {
                return;
            }
            String text = value.substring(from + 1, to);
            int next = behindBlanks(to + 1);
            boolean isName = next < value.length() && value.charAt(next) == ':';
            if (name != null && !isName) {
                member.accept(name, text);
            }
            // A name counts for the string right behind its colon only.
            int content = behindBlanks(next + 1);
            boolean named = isName && content < value.length() && value.charAt(content) == '"';
            name = named ? text : null;
            from = named ? content : value.indexOf('"', to + 1);
        }
    }

    private static int endOfString(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == '"') {
                return i;
            }
        }
        return -1;
    }

    private int behindBlanks(int from) {
        int i = from;
        while (i < value.length() && " \t\r\n".indexOf(value.charAt(i)) >= 0) {
            i++;
        }
        return i;
    }

    @Override
    public String toString() {
        return "Parts[hidden]";
    }
}
