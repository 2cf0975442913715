package dev.mayfly.job;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What an identity token says of a job, after its signature, issuer, audience and times were
 * checked, and that it is this job's. Only the package that does this makes one; a test sees to it.
 *
 * @param values by claim: texts, whole numbers, {@code Double}s, truths, lists and maps of them
 */
public record VerifiedClaims(Map<String, Object> values) implements Facts.Group {

    /** Of a job without a token. */
    public static final VerifiedClaims NONE = new VerifiedClaims(Map.of());

    private static final int DEEPEST = 8;

    public VerifiedClaims {
        values = copied(values, 0);
    }

    @Override
    public Facts.Origin origin() {
        return Facts.Origin.CLAIMS;
    }

    private static Map<String, Object> copied(Map<?, ?> map, int depth) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (value != null) { // a claim that says nothing is none
                copy.put(String.valueOf(key), plain(value, depth));
            }
        });
        return Collections.unmodifiableMap(copy);
    }

    private static Object plain(Object value, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("claims are nested deeper than " + DEEPEST);
        }
        return switch (value) {
            case String text -> text;
            case Boolean truth -> truth;
            case Long number -> number;
            case Integer number -> number.longValue();
            case Double number -> number;
            case List<?> list -> {
                List<Object> items = new ArrayList<>();
                list.stream()
                        .filter(Objects::nonNull)
                        .forEach(item -> items.add(plain(item, depth + 1)));
                yield List.copyOf(items);
            }
            case Map<?, ?> map -> copied(map, depth + 1);
            default -> throw new IllegalArgumentException("a claim is a " + value.getClass());
        };
    }
}
