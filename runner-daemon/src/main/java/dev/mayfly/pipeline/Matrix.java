package dev.mayfly.pipeline;

import dev.mayfly.config.ConfigException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The jobs that one with {@code parallel} stands for. */
final class Matrix {

    /** GitLab's own limit. */
    private static final int MAX_JOBS = 200;

    private Matrix() {}

    /**
     * One of the jobs.
     *
     * @param name its full name
     * @param variables that only it has
     */
    record Variant(String name, Map<String, String> variables) {
        Variant {
            variables = Map.copyOf(variables);
        }
    }

    /**
     * The jobs, in order; one of the job's own name when it has no {@code parallel}.
     *
     * @param job with nothing left in it that stands for something else
     */
    static List<Variant> of(String name, Value.Fields job) {
        Value parallel = job.get(Keyword.PARALLEL.word());
        if (parallel == null) {
            return List.of(new Variant(name, Map.of("CI_NODE_TOTAL", "1")));
        }
        return switch (parallel) {
            case Value.Scalar count when count.kind() == Value.Kind.INTEGER -> counted(name, count);
            case Value.Fields fields
                    when fields.values().keySet().equals(Set.of("matrix"))
                            && fields.get("matrix") instanceof Value.Items items ->
                    named(name, items);
            case Value.Scalar _, Value.Fields _, Value.Items _, Value.Reference _ ->
                    throw parallel.place()
                            .refusal(
                                    "is neither a number nor a matrix",
                                    "write a number of 1 to 200, or  matrix: [{NAME: [one, two]}]");
        };
    }

    private static List<Variant> counted(String name, Value.Scalar count) {
        int jobs = count.written().matches("[0-9]{1,3}") ? Integer.parseInt(count.written()) : 0;
        if (jobs < 1 || jobs > MAX_JOBS) {
            throw count.place()
                    .refusal("is no number of 1 to " + MAX_JOBS, "write for example:  parallel: 4");
        }
        List<Variant> variants = new ArrayList<>();
        for (int i = 1; i <= jobs; i++) {
            variants.add(
                    new Variant(
                            name + " " + i + "/" + jobs,
                            Map.of(
                                    "CI_NODE_INDEX",
                                    String.valueOf(i),
                                    "CI_NODE_TOTAL",
                                    String.valueOf(jobs))));
        }
        return variants;
    }

    private static List<Variant> named(String name, Value.Items matrix) {
        List<Map<String, String>> rows = new ArrayList<>();
        for (Value block : matrix.values()) {
            rows.addAll(product(block));
            if (rows.size() > MAX_JOBS) {
                throw tooMany(matrix);
            }
        }
        if (rows.isEmpty()) {
            throw matrix.place().refusal("is empty", "write for example:  - NAME: [one, two]");
        }
        List<Variant> variants = new ArrayList<>();
        for (Map<String, String> row : rows) {
            Map<String, String> variables = new LinkedHashMap<>(row);
            variables.put("CI_NODE_INDEX", String.valueOf(variants.size() + 1));
            variables.put("CI_NODE_TOTAL", String.valueOf(rows.size()));
            variants.add(
                    new Variant(name + ": [" + String.join(", ", row.values()) + "]", variables));
        }
        return variants;
    }

    private static List<Map<String, String>> product(Value block) {
        if (!(block instanceof Value.Fields fields) || fields.values().isEmpty()) {
            throw block.place()
                    .refusal(
                            "is no mapping of variables", "write for example:  - NAME: [one, two]");
        }
        List<Map<String, String>> rows = List.of(Map.of());
        for (Map.Entry<String, Value> entry : fields.values().entrySet()) {
            List<Value> values =
                    entry.getValue() instanceof Value.Items items
                            ? items.values()
                            : List.of(entry.getValue());
            if ((long) rows.size() * values.size() > MAX_JOBS) {
                throw tooMany(entry.getValue());
            }
            List<Map<String, String>> longer = new ArrayList<>();
            for (Map<String, String> row : rows) {
                for (Value value : values) {
                    Map<String, String> more = new LinkedHashMap<>(row);
                    more.put(entry.getKey(), JobVariables.plain(value));
                    longer.add(more);
                }
            }
            rows = longer;
        }
        return rows;
    }

    private static ConfigException tooMany(Value where) {
        return where.place()
                .refusal("makes more than " + MAX_JOBS + " jobs", "use fewer or shorter lists");
    }
}
