package dev.mayfly.pipeline;

import dev.mayfly.config.NearestName;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value of a pipeline file that knows where it is written. */
sealed interface Value {

    Place place();

    /** What a scalar is, as GitLab reads it: by the rules of YAML 1.1. */
    enum Kind {
        TEXT,
        INTEGER,
        FRACTION,
        TRUE,
        FALSE,
        NULL,
        /** A date or something else that has to be put in quotes. */
        OTHER
    }

    /**
     * Text, or what is not put in quotes.
     *
     * @param written as the author wrote it
     */
    record Scalar(Place place, String written, Kind kind) implements Value {

        /** Leaves the text out: it may be a password. */
        @Override
        public String toString() {
            return "Scalar[" + place.path() + "]";
        }
    }

    /** A list. */
    record Items(Place place, List<Value> values) implements Value {
        public Items {
            values = List.copyOf(values);
        }
    }

    /** A mapping, in the order of the file. */
    record Fields(Place place, Map<String, Value> values) implements Value {
        public Fields {
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        }

        /** A value; null where there is none, or one that says that there is none. */
        @Nullable Value get(String key) {
            Value value = values.get(key);
            return value == null || value.isNull() ? null : value;
        }
    }

    /**
     * {@code !reference}: the value of another key.
     *
     * @param path of the key, one element for each level; never empty
     */
    record Reference(Place place, List<String> path) implements Value {
        public Reference {
            path = List.copyOf(path);
        }
    }

    default boolean isNull() {
        return this instanceof Scalar scalar && scalar.kind() == Kind.NULL;
    }

    /**
     * Text.
     *
     * @throws dev.mayfly.config.ConfigException when it is none
     */
    default Scalar text() {
        if (this instanceof Scalar scalar && scalar.kind() == Kind.TEXT) {
            return scalar;
        }
        throw place().refusal("is not text", "put it in quotes, if it is meant to be text");
    }

    /** One text, or a list of texts. */
    default List<Scalar> texts() {
        return this instanceof Items items
                ? items.values().stream().map(Value::text).toList()
                : List.of(text());
    }

    /**
     * Yes or no.
     *
     * @throws dev.mayfly.config.ConfigException when it is neither
     */
    default boolean flag() {
        if (this instanceof Scalar scalar
                && (scalar.kind() == Kind.TRUE || scalar.kind() == Kind.FALSE)) {
            return scalar.kind() == Kind.TRUE;
        }
        throw place().refusal("is neither true nor false", "write true or false");
    }

    /**
     * A mapping with no other keys than these.
     *
     * @throws dev.mayfly.config.ConfigException when it is none, naming a key that is near
     */
    default Fields fields(List<String> keys) {
        if (!(this instanceof Fields fields)) {
            throw place().refusal("is no mapping", "its keys can be " + String.join(", ", keys));
        }
        for (Map.Entry<String, Value> entry : fields.values().entrySet()) {
            if (!keys.contains(entry.getKey())) {
                throw entry.getValue()
                        .place()
                        .refusal(
                                "is not known here",
                                NearestName.of(entry.getKey(), keys)
                                        .map(near -> "did you mean " + near + "?")
                                        .orElse("the keys are " + String.join(", ", keys)));
            }
        }
        return fields;
    }
}
