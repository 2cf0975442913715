package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a schema says of one value. Knows nothing of values that the schema does not know: then all
 * answers are empty.
 *
 * @param keywords with {@code $ref} replaced by what it refers to; own keywords win
 * @param definition the whole schema
 */
record SchemaNode(JsonNode keywords, JsonNode definition) {

    SchemaNode {
        keywords = resolved(keywords, definition);
    }

    /** What is said of a mapping's value or, for a number, of a list's item. */
    SchemaNode child(String key) {
        JsonNode property = keywords.path("properties").path(key);
        if (!property.isMissingNode()) {
            return new SchemaNode(property, definition);
        }
        return keywords.has("items") ? item() : entry();
    }

    /** What is said of each item of a list. */
    SchemaNode item() {
        return new SchemaNode(keywords.path("items"), definition);
    }

    /** What is said of the values of a mapping with free keys. */
    SchemaNode entry() {
        return new SchemaNode(keywords.path("additionalProperties"), definition);
    }

    /** What is said of the keys of a mapping with free keys. */
    SchemaNode entryName() {
        return new SchemaNode(keywords.path("propertyNames"), definition);
    }

    /** The fixed keys of a mapping, in the order in which the schema explains them. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        keywords.path("properties").fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** Whether the value may be of this type, one of JSON Schema's names. */
    boolean allows(String type) {
        return types().contains(type);
    }

    /** JSON Schema's names of the types that the value may be of. */
    List<String> types() {
        JsonNode type = keywords.path("type");
        List<String> types = new ArrayList<>();
        if (type.isTextual()) {
            types.add(type.textValue());
        }
        type.forEach(each -> types.add(each.textValue()));
        return types;
    }

    /** Whether the value must not be shown to anybody. */
    boolean secret() {
        return keywords.path("x-secret").booleanValue();
    }

    /** A keyword's text. */
    Optional<String> text(String keyword) {
        return Optional.ofNullable(keywords.path(keyword).textValue());
    }

    /** A keyword's texts. */
    List<String> texts(String keyword) {
        List<String> texts = new ArrayList<>();
        keywords.path(keyword).forEach(each -> texts.add(each.asText()));
        return texts;
    }

    /** The value that stands for one that is not there; missing when there is none. */
    JsonNode defaultValue() {
        return keywords.path("default");
    }

    /** A value to show to somebody who has to write one; missing when there is none. */
    JsonNode example() {
        JsonNode example = keywords.path("examples").path(0);
        if (!example.isMissingNode()) {
            return example;
        }
        return keywords.has("enum") ? keywords.path("enum").path(0) : defaultValue();
    }

    private static JsonNode resolved(JsonNode keywords, JsonNode definition) {
        String reference = keywords.path("$ref").asText("");
        if (reference.isEmpty()) {
            return keywords;
        }
        ObjectNode merged = JsonNodeFactory.instance.objectNode();
        merged.setAll((ObjectNode) definition.at(reference.substring("#".length())));
        merged.setAll((ObjectNode) keywords);
        merged.remove("$ref");
        return merged;
    }
}
