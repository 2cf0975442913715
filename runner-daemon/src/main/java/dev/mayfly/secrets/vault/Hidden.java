package dev.mayfly.secrets.vault;

import dev.mayfly.job.SecretValue;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What must not be in words about secrets. A server's own words may quote what it was sent, what it
 * gave, and the logins that it has made; Mayfly writes them into logs and receipts.
 *
 * @param values longest first
 */
record Hidden(List<String> values) {

    static final String MARK = "[MASKED]";

    /** What is shorter is part of too many words. */
    private static final int SHORTEST = 6;

    /** Tokens of servers, signed tokens, and the names that servers give to logins. */
    private static final Pattern SHAPES =
            Pattern.compile(
                    "\\b(?:hv[sbr]|[sbr])\\.[A-Za-z0-9_.-]{20,}"
                            + "|\\beyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*"
                            + "|\\bv-[A-Za-z0-9_.-]+-[A-Za-z0-9]{20}-[0-9]{10}");

    /** What can be told by its shape alone. */
    static final Hidden SHAPED = new Hidden(List.of());

    Hidden {
        values =
                values.stream()
                        .filter(value -> value.length() >= SHORTEST)
                        .distinct()
                        .sorted(Comparator.comparingInt(String::length).reversed())
                        .toList();
    }

    static Hidden of(Collection<SecretValue> values) {
        return new Hidden(
                values.stream()
                        .map(value -> new String(value.reveal(), StandardCharsets.UTF_8))
                        .toList());
    }

    /** The words without them. */
    String outOf(String words) {
        String rest = words;
        for (String value : values) {
            rest = rest.replace(value, MARK);
        }
        return SHAPES.matcher(rest).replaceAll(MARK);
    }

    /** Leaves the values out. */
    @Override
    public String toString() {
        return "Hidden[" + values.size() + "]";
    }
}
