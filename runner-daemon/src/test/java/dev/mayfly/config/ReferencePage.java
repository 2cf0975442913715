package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The reference of a document in Markdown, made from its schema and nothing else. */
final class ReferencePage {

    private final StringBuilder page = new StringBuilder();

    private ReferencePage() {}

    /**
     * Writes a page.
     *
     * @param schemaFile the schema's path, relative to the page
     */
    static String of(DocumentSchema schema, String schemaFile) {
        ReferencePage reference = new ReferencePage();
        SchemaNode root = schema.root();
        reference.page.append(
                "<!-- Made from %s; a test rewrites it. -->\n\n".formatted(schemaFile));
        reference.page.append("# ").append(root.text("title").orElseThrow()).append("\n\n");
        reference.page.append(root.text("description").orElseThrow()).append("\n\n");
        reference.page.append(
                "The [schema](%s) is the source of this page.\n".formatted(schemaFile));
        reference.keys(root, "");
        root.keywords().path("x-sections").forEach(reference::prose);
        return reference.page.toString();
    }

    private void prose(JsonNode section) {
        page.append("\n## ").append(section.path("title").asText()).append("\n\n");
        section.path("text").forEach(line -> page.append(line.asText()).append('\n'));
    }

    private void keys(SchemaNode mapping, String path) {
        List<String> required = mapping.texts("required");
        page.append("\n| key | value | default | meaning |\n|---|---|---|---|\n");
        for (String key : mapping.keys()) {
            SchemaNode value = mapping.child(key);
            row(key, value, defaultOf(value, required.contains(key)));
        }
        for (String key : mapping.keys()) {
            section(mapping.child(key), path.isEmpty() ? key : path + "." + key);
        }
    }

    private void section(SchemaNode value, String path) {
        if (value.allows("array") && !value.item().keys().isEmpty()) {
            section(value.item(), path + "[]");
        } else if (value.entry().keywords().isObject()) {
            section(value.entry(), path + ".NAME");
        } else if (!value.keys().isEmpty()) {
            page.append("\n## `").append(path).append("`\n\n");
            page.append(value.text("description").orElseThrow()).append('\n');
            keys(value, path);
        }
    }

    private void row(String key, SchemaNode value, String standsForIt) {
        page.append(
                "| `%s` | %s | %s | %s |\n"
                        .formatted(
                                key,
                                cell(kind(value)),
                                cell(standsForIt),
                                cell(value.text("description").orElseThrow() + example(value))));
    }

    private static String defaultOf(SchemaNode value, boolean required) {
        if (required) {
            return "needed";
        }
        if (value.text("x-default").isPresent()) {
            return value.text("x-default").orElseThrow();
        }
        JsonNode standard = value.defaultValue();
        return standard.isValueNode() && !standard.isMissingNode()
                ? "`" + plain(standard) + "`"
                : "";
    }

    private static String example(SchemaNode value) {
        JsonNode example = value.keywords().path("examples").path(0);
        return example.isMissingNode() || example.equals(value.defaultValue())
                ? ""
                : " Example: `" + plain(example) + "`";
    }

    private static String kind(SchemaNode value) {
        if (value.keywords().has("enum")) {
            return value.texts("enum").stream()
                    .map(choice -> "`" + choice + "`")
                    .collect(Collectors.joining(", "));
        }
        if (value.text("x-unit").isPresent()) {
            return value.text("x-unit").orElseThrow() + range(value, "x-minimum", "x-maximum");
        }
        List<String> kinds = new ArrayList<>();
        for (String type : value.types()) {
            kinds.add(
                    switch (type) {
                        case "string" -> value.secret() ? "text, secret" : "text";
                        case "integer" -> "whole number" + range(value, "minimum", "maximum");
                        case "number" -> "number" + range(value, "minimum", "maximum");
                        case "boolean" -> "`true`, `false`";
                        case "array" -> "list";
                        default -> "mapping";
                    });
        }
        return String.join(" or ", kinds);
    }

    private static String range(SchemaNode value, String least, String most) {
        return value.keywords().has(least)
                ? ", "
                        + value.keywords().get(least).asText()
                        + " to "
                        + value.keywords().get(most).asText()
                : "";
    }

    private static String plain(JsonNode value) {
        return value.isTextual() ? value.textValue() : value.toString().replace(",", ", ");
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
