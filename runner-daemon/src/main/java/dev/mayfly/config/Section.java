package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One mapping of a document, read by type. A key that is not there has the schema's default; asking
 * for one that has neither is a defect of the caller.
 *
 * @param review takes problems
 * @param at where the mapping is
 * @param value the mapping, or a missing node where the document has none
 * @param schema what the schema says of it
 */
record Section(Review review, JsonPointer at, JsonNode value, SchemaNode schema) {

    /** Whether the key is there and nothing is wrong with its value so far. */
    boolean has(String key) {
        return value.has(key) && !review.isFaulty(pointer(key));
    }

    String text(String key) {
        return scalar(key).textValue();
    }

    int number(String key) {
        return scalar(key).intValue();
    }

    double decimal(String key) {
        return scalar(key).doubleValue();
    }

    boolean flag(String key) {
        return scalar(key).booleanValue();
    }

    Duration duration(String key) {
        return Quantity.duration(text(key));
    }

    long bytes(String key) {
        return Quantity.bytes(text(key));
    }

    /** A list of texts; a text alone is a list of one. Items that are not text are left out. */
    List<String> texts(String key) {
        JsonNode list = has(key) ? value.get(key) : MissingNode.getInstance();
        if (list.isTextual()) {
            return List.of(list.textValue());
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i).isTextual() && !review.isFaulty(pointer(key).appendIndex(i))) {
                texts.add(list.get(i).textValue());
            }
        }
        return texts;
    }

    /** A mapping below this one, without any key where the document has none. */
    Section section(String key) {
        return new Section(review, pointer(key), value.path(key), schema.child(key));
    }

    /** The mappings of a list; an item that is not a mapping reads as one without any key. */
    List<Section> sections(String key) {
        List<Section> sections = new ArrayList<>();
        JsonNode list = value.path(key);
        for (int i = 0; i < list.size(); i++) {
            sections.add(
                    new Section(
                            review,
                            pointer(key).appendIndex(i),
                            list.get(i),
                            schema.child(key).item()));
        }
        return sections;
    }

    /** The keys that the document has, in its order. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        value.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    JsonPointer pointer(String key) {
        return at.appendProperty(key);
    }

    /** Adds a problem of one key. */
    void report(String key, String cause, String cure) {
        review.report(pointer(key), cause, cure);
    }

    private JsonNode scalar(String key) {
        JsonNode scalar = has(key) ? value.get(key) : schema.child(key).defaultValue();
        if (scalar.isMissingNode()) {
            throw new IllegalStateException(pointer(key) + " has neither a value nor a default");
        }
        return scalar;
    }
}
