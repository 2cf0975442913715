package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.composer.ComposerException;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.AnchorNode;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;

/**
 * A YAML document as a plain tree in which every value still knows its line and column.
 *
 * <p>Reads the core schema of YAML 1.2, so that {@code no} and {@code 12:30} are text, and neither
 * tags nor merge keys. Size, depth and the number of values after the expansion of aliases are
 * bounded.
 */
final class YamlDocument {

    static final int MAX_BYTES = 1 << 20;
    private static final int MAX_VALUES = 50_000;
    private static final int MAX_DEPTH = 50;
    private static final Set<Tag> PLAIN_TAGS =
            Set.of(Tag.NULL, Tag.BOOL, Tag.INT, Tag.FLOAT, Tag.STR, Tag.SEQ, Tag.MAP);

    private final Path file;
    private final Map<JsonPointer, Place> places = new HashMap<>();
    private final List<Problem> problems = new ArrayList<>();
    private final Set<Node> open = new HashSet<>();
    private final JsonNode tree;
    private int values;

    /**
     * Where a value stands: at its key, or at itself in a list.
     *
     * @param written a scalar as the author wrote it; empty for anything else
     */
    private record Place(int line, int column, String written) {}

    private YamlDocument(Path file, @Nullable Node root) {
        this.file = file;
        places.put(JsonPointer.empty(), new Place(1, 1, ""));
        this.tree =
                root == null
                        ? JsonNodeFactory.instance.objectNode()
                        : convert(root, JsonPointer.empty());
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException when it cannot be read or is not YAML
     */
    static YamlDocument read(Path file) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw new ConfigException(
                    wholeFile(file, "there is no such file", "create it, or name another one"));
        } catch (IOException e) {
            throw new ConfigException(
                    wholeFile(
                            file,
                            Files.isDirectory(file)
                                    ? "is a directory"
                                    : "cannot be read: " + reason(e),
                            "name a file that this user may read"));
        }
        if (bytes.length > MAX_BYTES) {
            throw new ConfigException(tooLong(file));
        }
        try {
            return parse(
                    file,
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new ConfigException(
                    wholeFile(file, "is not UTF-8 text", "save it with the encoding UTF-8"));
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "this user may not";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    /**
     * Reads a text.
     *
     * @param file what to call it in problems
     * @throws ConfigException when it is not YAML
     */
    static YamlDocument parse(Path file, String text) {
        return new YamlDocument(file, nodes(file, text));
    }

    /**
     * A text's nodes, which know where they stand; null for an empty document.
     *
     * @param file what to call it in problems
     * @throws ConfigException when it is not YAML
     */
    static @Nullable Node nodes(Path file, String text) {
        if (text.length() > MAX_BYTES) {
            throw new ConfigException(tooLong(file));
        }
        LoaderOptions limits = new LoaderOptions();
        limits.setNestingDepthLimit(MAX_DEPTH);
        limits.setCodePointLimit(MAX_BYTES);
        // Safe, because nothing is ever constructed here: tags become problems with a line.
        limits.setTagInspector(_ -> true);
        Yaml yaml =
                new Yaml(
                        new SafeConstructor(limits),
                        new Representer(new DumperOptions()),
                        new DumperOptions(),
                        limits,
                        new CoreSchema());
        try {
            return yaml.compose(new StringReader(text));
        } catch (ComposerException e) {
            // Its message would repeat the alias, which may be a secret that lacks its quotes.
            throw new ConfigException(
                    at(
                            file,
                            e,
                            "is a second document, or an alias that cannot be resolved",
                            "keep one document; quote a value that starts with * or &"));
        } catch (MarkedYAMLException e) {
            throw new ConfigException(
                    at(file, e, "is not YAML: " + e.getProblem(), "check indentation and quotes"));
        } catch (YAMLException e) {
            throw new ConfigException(
                    wholeFile(
                            file,
                            "cannot be read as YAML: control characters, or nested deeper than "
                                    + MAX_DEPTH
                                    + " levels",
                            "remove what does not belong there"));
        }
    }

    /** What a plain scalar with this text means. */
    static JsonNode scalar(String text) {
        return CoreSchema.value(CoreSchema.tag(text), text);
    }

    Path file() {
        return file;
    }

    /** The document's values. An empty document is an empty mapping. May be changed by its user. */
    JsonNode tree() {
        return tree;
    }

    /** What is wrong whatever the document is about: keys given twice, tags. */
    List<Problem> problems() {
        return problems;
    }

    /** A scalar as the author wrote it, so that {@code 1.10} has two decimals. */
    String written(JsonPointer at) {
        return place(at).written();
    }

    /** A problem of the value at a place, or of one that is missing there. */
    Problem problem(JsonPointer at, String cause, String cure) {
        Place place = place(at);
        return new Problem(file, place.line(), place.column(), field(at), cause, cure);
    }

    private Place place(JsonPointer at) {
        Place place = places.get(at);
        return place == null ? place(at.head()) : place;
    }

    private static String field(JsonPointer at) {
        StringBuilder field = new StringBuilder();
        for (JsonPointer rest = at; !rest.matches(); rest = rest.tail()) {
            String key = rest.getMatchingProperty();
            if (rest.getMatchingIndex() >= 0) {
                field.append('[').append(key).append(']');
            } else {
                field.append(field.isEmpty() ? "" : ".").append(key);
            }
        }
        return field.toString();
    }

    private JsonNode convert(Node node, JsonPointer at) {
        values++;
        if (values > MAX_VALUES || !open.add(node)) {
            throw new ConfigException(
                    problem(
                            at,
                            "holds itself, or more than " + MAX_VALUES + " values",
                            "write the values out instead of using aliases"));
        }
        if (!PLAIN_TAGS.contains(node.getTag())) {
            problems.add(
                    problem(
                            at,
                            "has a tag",
                            "remove the tag; quote a value that starts with an exclamation mark"));
        }
        JsonNode value =
                switch (node) {
                    case MappingNode mapping -> mapping(mapping, at);
                    case SequenceNode sequence -> sequence(sequence, at);
                    case ScalarNode scalar -> CoreSchema.value(scalar.getTag(), scalar.getValue());
                    case AnchorNode anchor -> convert(anchor.getRealNode(), at);
                    default ->
                            throw new IllegalStateException(
                                    "unknown kind of node: " + node.getClass());
                };
        open.remove(node);
        return value;
    }

    private ObjectNode mapping(MappingNode node, JsonPointer at) {
        ObjectNode mapping = JsonNodeFactory.instance.objectNode();
        for (NodeTuple entry : node.getValue()) {
            Mark mark = entry.getKeyNode().getStartMark();
            if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                problems.add(problem(mark, at, "has a key that is not text", "write a plain key"));
                continue;
            }
            JsonPointer child = at.appendProperty(key.getValue());
            if (mapping.has(key.getValue())) {
                problems.add(
                        problem(
                                mark,
                                child,
                                "is here twice, first on line " + place(child).line(),
                                "remove one of the two"));
                continue;
            }
            if (key.getTag().equals(Tag.MERGE)) {
                problems.add(
                        problem(mark, child, "merge keys are not supported", "write the keys out"));
                continue;
            }
            remember(child, mark, entry.getValueNode());
            mapping.set(key.getValue(), convert(entry.getValueNode(), child));
        }
        return mapping;
    }

    private ArrayNode sequence(SequenceNode node, JsonPointer at) {
        ArrayNode sequence = JsonNodeFactory.instance.arrayNode();
        for (Node item : node.getValue()) {
            JsonPointer child = at.appendIndex(sequence.size());
            remember(child, item.getStartMark(), item);
            sequence.add(convert(item, child));
        }
        return sequence;
    }

    private void remember(JsonPointer at, Mark mark, Node value) {
        places.put(
                at,
                new Place(
                        mark.getLine() + 1,
                        mark.getColumn() + 1,
                        value instanceof ScalarNode scalar ? scalar.getValue() : ""));
    }

    private Problem problem(Mark mark, JsonPointer at, String cause, String cure) {
        return new Problem(file, mark.getLine() + 1, mark.getColumn() + 1, field(at), cause, cure);
    }

    private static Problem at(Path file, MarkedYAMLException e, String cause, String cure) {
        Mark mark = e.getProblemMark();
        return mark == null
                ? wholeFile(file, cause, cure)
                : new Problem(file, mark.getLine() + 1, mark.getColumn() + 1, "", cause, cure);
    }

    static Problem wholeFile(Path file, String cause, String cure) {
        return new Problem(file, 1, 1, "", cause, cure);
    }

    private static Problem tooLong(Path file) {
        return wholeFile(file, "is longer than " + MAX_BYTES + " bytes", "make it shorter");
    }
}
