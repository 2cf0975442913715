package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import java.util.List;
import java.util.stream.Collectors;

/** Says in words what a schema violation means and how to cure it. */
final class SchemaProblems {

    private final Review review;

    SchemaProblems(Review review) {
        this.review = review;
    }

    void report(Error error) {
        JsonPointer at = JsonPointer.compile(error.getInstanceLocation().toString());
        if (review.isUnresolved(at)) {
            return;
        }
        JsonNode value = review.document().tree().at(at);
        SchemaNode expected = review.schema().at(at);
        JsonNode limit = error.getSchemaNode();
        switch (error.getKeyword()) {
            case "additionalProperties" -> unknownKey(at, expected, error.getProperty());
            case "required" -> missingKey(at, expected, error.getProperty());
            case "propertyNames", "type", "enum", "pattern", "minimum", "maximum" ->
                    wrongScalar(error, at, value, expected);
            case "minLength" ->
                    bound(at, "is too short", "write at least " + limit + " characters");
            case "maxLength" -> bound(at, "is too long", "write at most " + limit + " characters");
            case "minItems" -> bound(at, "has too few items", "write at least " + limit);
            case "maxItems" -> bound(at, "has too many items", "write at most " + limit);
            case "maxProperties" ->
                    bound(
                            at,
                            "has " + value.size() + " keys, the most is " + limit,
                            "remove the others");
            case "uniqueItems" -> bound(at, "has an item twice", "remove one of the two");
            default -> bound(at, error.getMessage(), "see the reference of this key");
        }
    }

    private void bound(JsonPointer at, String cause, String cure) {
        review.report(at, cause, cure);
    }

    private void unknownKey(JsonPointer at, SchemaNode expected, String key) {
        List<String> known = expected.keys();
        review.report(
                at.appendProperty(key),
                "unknown key",
                NearestName.of(key, known)
                        .map(name -> "did you mean \"" + name + "\"?")
                        .orElse("known keys: " + String.join(", ", known)));
    }

    private void missingKey(JsonPointer at, SchemaNode expected, String key) {
        review.report(
                at.appendProperty(key),
                "is missing",
                "add it, for example: " + exampleLine(key, expected.child(key)));
    }

    private void wrongScalar(Error error, JsonPointer at, JsonNode value, SchemaNode expected) {
        switch (error.getKeyword()) {
            case "type" -> wrongType(at, value, expected);
            case "enum" -> notListed(at, value, expected);
            case "pattern" -> notMatching(at, value, expected);
            case "propertyNames" -> wrongKey(at, error, expected);
            case "minimum" ->
                    review.report(
                            at,
                            "is "
                                    + review.shown(at, value)
                                    + ", the least is "
                                    + error.getSchemaNode(),
                            "write " + error.getSchemaNode() + " or more");
            default ->
                    review.report(
                            at,
                            "is "
                                    + review.shown(at, value)
                                    + ", the most is "
                                    + error.getSchemaNode(),
                            "write " + error.getSchemaNode() + " or less");
        }
    }

    private void wrongType(JsonPointer at, JsonNode value, SchemaNode expected) {
        if (expected.keywords().has("x-unit") && value.isIntegralNumber()) {
            unitMissing(at, value, expected);
            return;
        }
        String wanted =
                expected.text("x-expected")
                        .filter(_ -> value.isValueNode())
                        .orElseGet(() ->
                                expected.types().stream()
                                        .map(SchemaProblems::typeInWords)
                                        .collect(Collectors.joining(" or ")));
        review.report(at, found(at, value, expected) + ", expected " + wanted, cure(at, expected));
    }

    private void notListed(JsonPointer at, JsonNode value, SchemaNode expected) {
        List<String> choices = expected.texts("enum");
        String all = "one of: " + String.join(", ", choices);
        review.report(
                at,
                "is " + review.shown(at, value) + ", expected " + all,
                NearestName.of(value.asText(), choices)
                        .map(name -> "did you mean \"" + name + "\"?")
                        .orElse("write one of them"));
    }

    private void notMatching(JsonPointer at, JsonNode value, SchemaNode expected) {
        boolean bareNumber = value.asText().matches("[0-9]{1,18}");
        if (expected.keywords().has("x-unit") && bareNumber) {
            unitMissing(at, value, expected);
            return;
        }
        review.report(
                at,
                "is "
                        + review.shown(at, value)
                        + ", expected "
                        + expected.text("x-expected").orElse("something else"),
                cure(at, expected));
    }

    private void unitMissing(JsonPointer at, JsonNode value, SchemaNode expected) {
        String number = value.asText();
        boolean duration = expected.text("x-unit").orElse("").equals("duration");
        review.report(
                at,
                "is " + number + ": unit missing",
                duration
                        ? "write " + number + "s or " + number + "m"
                        : "write " + number + "MiB or " + number + "GiB");
    }

    private void wrongKey(JsonPointer at, Error error, SchemaNode expected) {
        String key = error.getProperty();
        review.report(
                at.appendProperty(key),
                "is not a name that can be used here",
                "write " + expected.entryName().text("x-expected").orElse("another name"));
    }

    private String found(JsonPointer at, JsonNode value, SchemaNode expected) {
        if (value.isNull()) {
            return "has no value";
        }
        if (value.isObject()) {
            return "is a mapping";
        }
        if (value.isArray()) {
            return "is a list";
        }
        // A text where a section belongs may be a secret that lost its key.
        boolean scalarExpected = expected.types().stream().noneMatch(type -> type.equals("object"));
        String kind = value.isTextual() ? "text" : value.isBoolean() ? "truth value" : "number";
        return scalarExpected ? "is the " + kind + " " + review.shown(at, value) : "is a " + kind;
    }

    private static String cure(JsonPointer at, SchemaNode expected) {
        if (!expected.keys().isEmpty() && !expected.allows("string")) {
            return "write its keys below it, indented: " + String.join(", ", expected.keys());
        }
        JsonPointer last = at.last();
        if (expected.example().isMissingNode()) {
            return "write " + expected.text("x-expected").orElse("something else");
        }
        return last == null || last.getMatchingIndex() >= 0
                ? "write for example: " + exampleText(expected)
                : "write for example: " + exampleLine(last.getMatchingProperty(), expected);
    }

    private static String exampleLine(String key, SchemaNode expected) {
        return key + ": " + exampleText(expected);
    }

    private static String exampleText(SchemaNode expected) {
        JsonNode example = expected.example();
        return example.isMissingNode()
                ? "..."
                : example.isTextual() ? example.asText() : example.toString();
    }

    private static String typeInWords(String type) {
        return switch (type) {
            case "string" -> "text";
            case "integer" -> "a whole number";
            case "number" -> "a number";
            case "boolean" -> "true or false";
            case "array" -> "a list";
            case "object" -> "a mapping";
            default -> type;
        };
    }
}
