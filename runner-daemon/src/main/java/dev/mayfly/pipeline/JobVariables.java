package dev.mayfly.pipeline;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The variables of a job, with references between them resolved, however many lead to each other.
 * GitLab does that at the server and, for what is left, at the runner.
 */
final class JobVariables {

    /** How much text references may make of little. */
    private static final int MAX_CHARACTERS = 1 << 20;

    private final Map<String, Variable> byName = new LinkedHashMap<>();
    private final Map<String, String> values = new HashMap<>();
    private int characters;

    private record Variable(Place place, String value, boolean expand, boolean seenByServices) {}

    /** Adds what is as it is; it takes the place of one of the same name. */
    void put(String name, String value, Place place, boolean seenByServices) {
        byName.put(name, new Variable(place, value, false, seenByServices));
        values.clear();
    }

    /** Adds a text in which references are to be resolved. */
    void putText(String name, String text, Place place) {
        byName.put(name, new Variable(place, text, true, true));
        values.clear();
    }

    /**
     * Adds what a {@code variables} section says.
     *
     * @param section a mapping of names to values
     */
    void putAll(Value section) {
        if (!(section instanceof Value.Fields fields)) {
            throw section.place()
                    .refusal(
                            "is no mapping of names to values",
                            "write for example:  variables: {NAME: value}");
        }
        fields.values().forEach((name, value) -> byName.put(name, variable(name, value)));
        values.clear();
    }

    private static Variable variable(String name, Value written) {
        if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
            throw written.place()
                    .refusal(
                            "is no name of a variable",
                            "use letters, digits and underscores, not a digit first");
        }
        if (!(written instanceof Value.Fields)) {
            return new Variable(written.place(), plain(written), true, true);
        }
        // Description and options are for the page on which somebody starts a pipeline.
        Value.Fields fields = written.fields(List.of("value", "description", "options", "expand"));
        Value value = fields.values().get("value");
        Value expand = fields.get("expand");
        return new Variable(
                written.place(),
                value == null ? "" : plain(value),
                expand == null || expand.flag(),
                true);
    }

    /** The text of a value as GitLab accepts it: text or a whole number. */
    static String plain(Value value) {
        if (value instanceof Value.Scalar scalar) {
            if (scalar.kind() == Value.Kind.TEXT) {
                return scalar.written();
            }
            if (scalar.kind() == Value.Kind.INTEGER
                    && scalar.written().matches("0|-?[1-9][0-9]*")) {
                return scalar.written();
            }
        }
        throw value.place()
                .refusal(
                        "is neither text nor a plain whole number, so that GitLab refuses or changes"
                                + " it",
                        "put it in quotes");
    }

    /** Every value. */
    Map<String, String> values() {
        Map<String, String> all = new LinkedHashMap<>();
        long length = 0;
        for (Map.Entry<String, Variable> entry : byName.entrySet()) {
            String value = value(entry.getKey());
            length += value.length();
            if (length > MAX_CHARACTERS) {
                throw entry.getValue()
                        .place()
                        .refusal(
                                "makes the variables longer than "
                                        + MAX_CHARACTERS
                                        + " characters together",
                                "keep long texts in files of the project");
            }
            all.put(entry.getKey(), value);
        }
        return all;
    }

    /** What of them a service may see. */
    Map<String, String> seenByServices() {
        Map<String, String> all = values();
        byName.forEach((name, variable) -> {
            if (!variable.seenByServices()) {
                all.remove(name);
            }
        });
        return all;
    }

    /** The values of another section, whose references may lead here. */
    Map<String, String> withMore(Value section) {
        JobVariables more = new JobVariables();
        more.byName.putAll(byName);
        more.putAll(section);
        Map<String, String> all = new LinkedHashMap<>();
        if (section instanceof Value.Fields fields) {
            fields.values().keySet().forEach(name -> all.put(name, more.value(name)));
        }
        return all;
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    /** One value; empty when there is none. */
    String value(String name) {
        return value(name, new LinkedHashSet<>());
    }

    /** A text of the job in which references are resolved; what nobody has set is empty. */
    String resolved(Value.Scalar text) {
        return References.resolved(text.written(), name -> counted(value(name), text.place()));
    }

    private String counted(String part, Place place) {
        characters += part.length();
        if (characters > MAX_CHARACTERS) {
            throw place.refusal(
                    "refers to more than " + MAX_CHARACTERS + " characters of other variables",
                    "refer to fewer variables");
        }
        return part;
    }

    private String value(String name, Set<String> open) {
        String known = values.get(name);
        if (known != null) {
            return known;
        }
        Variable variable = byName.get(name);
        if (variable == null) {
            return "";
        }
        if (!variable.expand()) {
            return variable.value();
        }
        if (!open.add(name)) {
            throw variable.place()
                    .refusal(
                            "refers to itself: " + String.join(" > ", open) + " > " + name,
                            "set it in the script: export " + name + "=...");
        }
        String value =
                References.resolved(
                        variable.value(), other -> counted(value(other, open), variable.place()));
        open.remove(name);
        values.put(name, value);
        return value;
    }
}
