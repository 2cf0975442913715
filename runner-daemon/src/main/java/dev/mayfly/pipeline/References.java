package dev.mayfly.pipeline;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** References to variables in a text: {@code $NAME}, <code>${NAME}</code>, and {@code $$}. */
final class References {

    private static final Pattern REFERENCE =
            Pattern.compile("\\$(?:(\\$)|([A-Za-z_][A-Za-z0-9_]*)|\\{([^}]*)}|([*#@!?0-9-]))");

    private References() {}

    /**
     * Resolves the references from left to right. What they resolve to is not looked at again, and
     * a dollar sign that begins none stays.
     *
     * @param values the value of a name
     */
    static String resolved(String text, UnaryOperator<String> values) {
        return REFERENCE
                .matcher(text)
                .replaceAll(found -> Matcher.quoteReplacement(value(found, values)));
    }

    /** The names that a text refers to, each once. */
    static List<String> namesIn(String text) {
        Set<String> names = new LinkedHashSet<>();
        resolved(
                text,
                name -> {
                    names.add(name);
                    return "";
                });
        return List.copyOf(names);
    }

    private static String value(MatchResult found, UnaryOperator<String> values) {
        if (found.group(1) != null) {
            return "$";
        }
        if (found.group(4) != null) {
            return ""; // one of the shell's own, which GitLab's runner takes for a variable
        }
        return values.apply(found.group(2) == null ? found.group(3) : found.group(2));
    }
}
