package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One document on its way from text to settings. Collects problems instead of stopping at the
 * first, and remembers which values are faulty, so that later checks do not complain about them
 * again.
 */
final class Review {

    private final YamlDocument document;
    private final DocumentSchema schema;
    private final List<Problem> problems = new ArrayList<>();
    private final Set<JsonPointer> faulty = new HashSet<>();
    private final Set<JsonPointer> unresolved = new HashSet<>();
    private final Set<JsonPointer> hidden = new HashSet<>();

    Review(YamlDocument document, DocumentSchema schema) {
        this.document = document;
        this.schema = schema;
        problems.addAll(document.problems());
        dropEmptySections(document.tree(), schema.root());
    }

    /** Holds the document against its schema. */
    void checkStructure() {
        SchemaProblems translation = new SchemaProblems(this);
        schema.violations(document.tree()).forEach(translation::report);
        checkUnits(document.tree(), JsonPointer.empty());
    }

    YamlDocument document() {
        return document;
    }

    DocumentSchema schema() {
        return schema;
    }

    Section root() {
        return new Section(this, JsonPointer.empty(), document.tree(), schema.root());
    }

    /** Adds a problem; the value counts as faulty from now on. */
    void report(JsonPointer at, String cause, String cure) {
        faulty.add(at);
        problems.add(document.problem(at, cause, cure));
    }

    /** Adds a problem of a value that is not known, so that nothing else is wrong with it. */
    void reportUnresolved(JsonPointer at, String cause, String cure) {
        unresolved.add(at);
        report(at, cause, cure);
    }

    boolean isUnresolved(JsonPointer at) {
        return unresolved.contains(at);
    }

    boolean isFaulty(JsonPointer at) {
        return faulty.contains(at);
    }

    /** Keeps a value out of all messages. */
    void hide(JsonPointer at) {
        hidden.add(at);
    }

    /**
     * A scalar for a message: quoted if it is text, cut if it is long, left out if it is secret.
     */
    String shown(JsonPointer at, JsonNode value) {
        if (hidden.contains(at) || schema.at(at).secret()) {
            return "(hidden)";
        }
        if (!value.isTextual()) {
            return document.written(at).isEmpty() ? value.asText() : document.written(at);
        }
        String text = value.textValue();
        return "\"" + (text.length() <= 60 ? text : text.substring(0, 57) + "...") + "\"";
    }

    /**
     * Ends the review.
     *
     * @throws ConfigException when there is any problem
     */
    void throwProblems() {
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
    }

    /** A section whose keys are all commented out reads as null; it means the same as none. */
    private static void dropEmptySections(JsonNode value, SchemaNode expected) {
        if (value instanceof ObjectNode mapping) {
            mapping.properties()
                    .removeIf(entry ->
                            entry.getValue().isNull()
                                    && expected.child(entry.getKey()).allows("object")
                                    && !expected.child(entry.getKey()).allows("string"));
            mapping.properties()
                    .forEach(entry ->
                            dropEmptySections(entry.getValue(), expected.child(entry.getKey())));
        } else {
            value.forEach(item -> dropEmptySections(item, expected.item()));
        }
    }

    /** JSON Schema cannot compare "90m" with "1h". */
    private void checkUnits(JsonNode value, JsonPointer at) {
        if (value.isObject()) {
            value.properties()
                    .forEach(entry ->
                            checkUnits(entry.getValue(), at.appendProperty(entry.getKey())));
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                checkUnits(value.get(i), at.appendIndex(i));
            }
        } else if (value.isTextual() && !isFaulty(at)) {
            SchemaNode expected = schema.at(at);
            String least = expected.text("x-minimum").orElse("");
            String most = expected.text("x-maximum").orElse("");
            if (!least.isEmpty() && amount(value.textValue(), expected) < amount(least, expected)) {
                report(
                        at,
                        "is " + shown(at, value) + ", the least is " + least,
                        "write " + least + " or more");
            } else if (!most.isEmpty()
                    && amount(value.textValue(), expected) > amount(most, expected)) {
                report(
                        at,
                        "is " + shown(at, value) + ", the most is " + most,
                        "write " + most + " or less");
            }
        }
    }

    private static long amount(String text, SchemaNode expected) {
        return expected.text("x-unit").orElse("").equals("duration")
                ? Quantity.duration(text).toSeconds()
                : Quantity.bytes(text);
    }
}
