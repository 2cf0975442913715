package dev.mayfly.logs;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiConsumer;
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

    /** {@code "name":} of JSON, {@code name:} of YAML and headers, {@code name=} of settings. */
    private static final Pattern MEMBER =
            Pattern.compile(
                    "[-{\\[ \t]*(?:export )?(?:\"([A-Za-z_][\\w.-]{0,63})\"[ \t]*:"
                            + "|([A-Za-z_][\\w.-]{0,63})(?::(?=[ \t]|$)|[ \t]*=(?=[ \t]*[^=\\s])))"
                            + "[ \t]*");

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
            eachMemberOfJson((name, text) -> addMember(found, name, text));
        }
        return found;
    }

    private static void addLine(Set<String> found, String line) {
        Matcher member = MEMBER.matcher(line);
        if (!member.lookingAt()) {
            if (hasContent(line, LINE_BYTES)) {
                found.add(line);
            }
            return;
        }
        String name = member.group(1) != null ? member.group(1) : member.group(2);
        String text = PlainForms.strip(line.substring(member.end()), ", \t");
        String content = PlainForms.strip(text, "\"'");
        if (!WordList.PUBLIC_MEMBERS.contains(name) && hasContent(content, LINE_BYTES)) {
            found.add(line);
            addMember(found, name, isQuoted(text) ? text.substring(1, text.length() - 1) : text);
        }
    }

    private static void addMember(Set<String> found, String name, String text) {
        if (!WordList.PUBLIC_MEMBERS.contains(name) && hasContent(text, MEMBER_BYTES)) {
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
            int to = endOfString(from + 1);
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

    private int endOfString(int from) {
        for (int i = from; i < value.length(); i++) {
            if (value.charAt(i) == '\\') {
                i++;
            } else if (value.charAt(i) == '"') {
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
