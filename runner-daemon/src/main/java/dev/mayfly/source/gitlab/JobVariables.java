package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.HandedValue.Use;
import dev.mayfly.job.SecretValue;
import dev.mayfly.source.gitlab.JobPayload.Variable;
import dev.mayfly.source.gitlab.JobPayload.Variable.Trait;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The variables of a job, one of each name, with references between them resolved once, as GitLab's
 * runner does it.
 */
final class JobVariables {

    /** As Go reads them, in which GitLab's runner is written. */
    private static final Set<String> TRUE = Set.of("1", "t", "T", "true", "TRUE", "True");

    private static final Set<String> FALSE = Set.of("0", "f", "F", "false", "FALSE", "False");

    private static final Pattern ATTEMPTS = Pattern.compile("[1-9]|10");

    private static final Pattern OTHERWISE =
            Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(:?-)([^}]*)\\}");

    private final List<Variable> inOrder;
    private final Map<String, Variable> byName;

    /** What references resolve to. */
    private final Map<String, String> unexpanded;

    private final Map<String, String> values;

    private JobVariables(
            List<Variable> inOrder,
            Map<String, Variable> byName,
            Map<String, String> unexpanded,
            Map<String, String> values) {
        this.inOrder = List.copyOf(inOrder);
        this.byName = byName;
        this.unexpanded = unexpanded;
        this.values = values;
    }

    /**
     * Puts variables together.
     *
     * @param inOrder a later one of the same name counts
     * @param fileOf where the file of a file variable is, by the variable's name
     */
    static JobVariables of(List<Variable> inOrder, UnaryOperator<String> fileOf) {
        Map<String, Variable> byName = new LinkedHashMap<>();
        inOrder.forEach(variable -> byName.put(variable.key(), variable));
        Map<String, String> raw = new LinkedHashMap<>();
        byName.forEach((name, variable) ->
                raw.put(name, variable.is(Trait.FILE) ? fileOf.apply(name) : variable.value()));
        Map<String, String> values = new LinkedHashMap<>();
        byName.forEach((name, variable) ->
                values.put(
                        name,
                        variable.is(Trait.FILE) || variable.is(Trait.RAW)
                                ? raw.getOrDefault(name, "")
                                : expanded(variable.value(), raw)));
        return new JobVariables(inOrder, byName, raw, values);
    }

    /** A variable without anything special. */
    static Variable plain(String key, String value) {
        return new Variable(key, value, Set.of(Trait.PUBLIC, Trait.RAW));
    }

    /** What the job's process gets. */
    Map<String, String> values() {
        return new LinkedHashMap<>(values);
    }

    /** One value; empty when there is none. */
    String value(String name) {
        return values.getOrDefault(name, "");
    }

    /** One value, of a file variable what is in the file; empty when there is none. */
    String content(String name) {
        Variable variable = byName.get(name);
        return variable == null ? "" : contentOf(variable);
    }

    /** Whether a variable is set to what counts as true. */
    boolean isTrue(String name) {
        return isTrueText(value(name));
    }

    static boolean isTrueText(String value) {
        return TRUE.contains(value);
    }

    /** Whether a variable is set to what counts as false. */
    boolean isFalse(String name) {
        return FALSE.contains(value(name));
    }

    /** How often something is tried: 1 to 10, and once where the variable says anything else. */
    int attempts(String name) {
        String wish = value(name);
        return ATTEMPTS.matcher(wish).matches() ? Integer.parseInt(wish) : 1;
    }

    /** What the job's process gets in the open. */
    Map<String, String> plainValues() {
        Map<String, String> plain = values();
        handedValues().stream()
                .filter(value -> value.is(Use.VARIABLE) || value.is(Use.FILE))
                .forEach(value -> plain.remove(value.name()));
        return plain;
    }

    /**
     * What it gets otherwise, and what the log must not show: also masked values that another
     * variable of the same name has taken the place of.
     */
    List<HandedValue> handedValues() {
        List<HandedValue> handed = new ArrayList<>();
        Map<String, Integer> lasts = new HashMap<>();
        for (int i = 0; i < inOrder.size(); i++) {
            lasts.put(inOrder.get(i).key(), i);
        }
        for (int i = 0; i < inOrder.size(); i++) {
            Variable variable = inOrder.get(i);
            String value = contentOf(variable);
            boolean counts = Integer.valueOf(i).equals(lasts.get(variable.key()));
            Set<Use> uses = EnumSet.noneOf(Use.class);
            if (variable.is(Trait.MASKED) && !value.isBlank()) {
                uses.add(Use.MASKED);
            }
            if (counts && variable.is(Trait.FILE)) {
                uses.add(Use.FILE);
            } else if (counts && !uses.isEmpty()) {
                uses.add(Use.VARIABLE);
            }
            if (!uses.isEmpty()) {
                handed.add(
                        new HandedValue(
                                variable.key(), new SecretValue(value.getBytes(UTF_8)), uses));
            }
        }
        return handed;
    }

    /** Of a file, what is in it. */
    private String contentOf(Variable variable) {
        return variable.is(Trait.RAW) ? variable.value() : expanded(variable.value(), unexpanded);
    }

    /** What of them a service may see. */
    Map<String, String> publicValues() {
        Map<String, String> seen = new LinkedHashMap<>();
        byName.forEach((name, variable) -> {
            if (variable.is(Trait.PUBLIC) && !variable.is(Trait.FILE)) {
                seen.put(name, value(name));
            }
        });
        return seen;
    }

    /** A text of the job in which references are resolved. */
    String expanded(String text) {
        return expanded(text, values);
    }

    /**
     * A text in which references are resolved as a shell would, with <code>${NAME:-otherwise}
     * </code> for names that are empty and <code>${NAME-otherwise}</code> for names that are not
     * there.
     */
    String expandedAsInShell(String text) {
        StringBuilder out = new StringBuilder();
        Matcher matcher = OTHERWISE.matcher(text);
        int at = 0;
        while (matcher.find()) {
            out.append(expanded(text.substring(at, matcher.start())));
            String value = values.get(matcher.group(1));
            boolean missing = value == null || (value.isEmpty() && matcher.group(2).equals(":-"));
            out.append(missing ? expanded(matcher.group(3)) : value);
            at = matcher.end();
        }
        return out.append(expanded(text.substring(at))).toString();
    }

    /** The names that a text refers to, whether or not there are such variables. */
    static Set<String> namesIn(String text) {
        Set<String> names = new LinkedHashSet<>();
        expanded(
                text,
                name -> {
                    names.add(name);
                    return "";
                });
        return names;
    }

    List<String> expanded(Collection<String> texts) {
        List<String> expanded = new ArrayList<>();
        texts.forEach(text -> expanded.add(expanded(text)));
        return expanded;
    }

    private static String expanded(String text, Map<String, String> values) {
        return expanded(text, name -> values.getOrDefault(name, ""));
    }

    /**
     * Resolves {@code $NAME} and {@code ${NAME}} once, from left to right; what they resolve to is
     * not looked at again. {@code $$} is a dollar sign; unknown names and the shell's own ({@code
     * $?}) are empty.
     */
    private static String expanded(String text, UnaryOperator<String> values) {
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            int dollar = text.indexOf('$', at);
            if (dollar < 0 || dollar == text.length() - 1) {
                return out.append(text, at, text.length()).toString();
            }
            out.append(text, at, dollar);
            char next = text.charAt(dollar + 1);
            if (next == '$') {
                out.append('$');
                at = dollar + 2;
            } else if (next == '{') {
                int end = text.indexOf('}', dollar);
                if (end < 0) {
                    return out.append(text, dollar, text.length()).toString();
                }
                out.append(values.apply(text.substring(dollar + 2, end)));
                at = end + 1;
            } else if (isNameStart(next)) {
                int end = dollar + 2;
                while (end < text.length() && isNamePart(text.charAt(end))) {
                    end++;
                }
                out.append(values.apply(text.substring(dollar + 1, end)));
                at = end;
            } else if ("*#@!?-0123456789".indexOf(next) >= 0) {
                at = dollar + 2;
            } else {
                out.append('$');
                at = dollar + 1;
            }
        }
        return out.toString();
    }

    private static boolean isNameStart(char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    private static boolean isNamePart(char c) {
        return isNameStart(c) || (c >= '0' && c <= '9');
    }
}
