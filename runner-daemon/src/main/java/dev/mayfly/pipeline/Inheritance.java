package dev.mayfly.pipeline;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a job takes over from the pipeline.
 *
 * @param names of what it takes over, or null for everything
 */
record Inheritance(@Nullable Set<String> names) {

    /**
     * What a job says of it.
     *
     * @param kind {@code default} or {@code variables}
     */
    static Inheritance of(Value.Fields job, String kind) {
        Value inherit = job.get(Keyword.INHERIT.word());
        Value written =
                inherit == null ? null : inherit.fields(List.of("default", "variables")).get(kind);
        return switch (written) {
            case null -> new Inheritance(null);
            case Value.Items items ->
                    new Inheritance(
                            items.texts().stream()
                                    .map(Value.Scalar::written)
                                    .collect(Collectors.toUnmodifiableSet()));
            case Value.Scalar flag -> new Inheritance(flag.flag() ? null : Set.of());
            case Value.Fields _, Value.Reference _ ->
                    throw written.place()
                            .refusal(
                                    "is neither true nor false nor a list of names",
                                    "write for example:  " + kind + ": false");
        };
    }

    boolean includes(String name) {
        return names == null || names.contains(name);
    }

    /** Of a mapping what is taken over; anything else as it is. */
    Value of(Value mapping) {
        if (!(mapping instanceof Value.Fields fields)) {
            return mapping;
        }
        Map<String, Value> all = new LinkedHashMap<>(fields.values());
        all.keySet().removeIf(name -> !includes(name));
        return new Value.Fields(fields.place(), all);
    }
}
