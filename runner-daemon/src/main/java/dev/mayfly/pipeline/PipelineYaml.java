package dev.mayfly.pipeline;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.Problem;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
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

/**
 * One file of a pipeline, read as GitLab reads it: YAML 1.1 with anchors, merge keys and {@code
 * !reference}. Size, depth and the number of values after the expansion of aliases are bounded.
 */
final class PipelineYaml {

    static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DEPTH = 50;

    /** GitLab's own limit for the name of a job is 255. */
    private static final int MAX_KEY = 1024;

    private static final Tag REFERENCE = new Tag("!reference");
    private static final Map<Tag, Value.Kind> KINDS =
            Map.of(
                    Tag.STR, Value.Kind.TEXT,
                    Tag.INT, Value.Kind.INTEGER,
                    Tag.FLOAT, Value.Kind.FRACTION,
                    Tag.NULL, Value.Kind.NULL,
                    Tag.TIMESTAMP, Value.Kind.OTHER,
                    Tag.MERGE, Value.Kind.TEXT);
    private static final Set<Tag> COLLECTIONS = Set.of(Tag.MAP, Tag.SEQ);

    private final Bound bound;
    private final Consumer<Problem> notes;
    private final Set<Node> open = new HashSet<>();

    private PipelineYaml(Bound bound, Consumer<Problem> notes) {
        this.bound = bound;
        this.notes = notes;
    }

    /**
     * Reads a file's text.
     *
     * @param file what to call it in problems
     * @param bound of everything that is read
     * @param notes gets what is odd and does no harm
     * @throws ConfigException when it is no mapping in YAML, or too much
     */
    static Value.Fields read(Path file, String text, Bound bound, Consumer<Problem> notes) {
        Place whole = Place.of(file);
        if (text.length() > MAX_BYTES) {
            throw whole.refusal("is longer than " + MAX_BYTES + " bytes", "make it shorter");
        }
        LoaderOptions limits = new LoaderOptions();
        limits.setNestingDepthLimit(MAX_DEPTH);
        limits.setCodePointLimit(MAX_BYTES);
        // What aliases expand to is bounded below; their number alone harms nobody.
        limits.setMaxAliasesForCollections(MAX_BYTES);
        // Safe, because nothing is ever constructed here: tags are looked at below.
        limits.setTagInspector(_ -> true);
        Yaml yaml = new Yaml(new SafeConstructor(limits));
        List<Node> documents = new ArrayList<>();
        try {
            yaml.composeAll(new StringReader(text)).forEach(documents::add);
        } catch (ComposerException e) {
            // Its message would repeat the alias, which may be a secret that lacks its quotes.
            throw at(whole, e.getProblemMark())
                    .refusal(
                            "is an alias that cannot be resolved",
                            "name an anchor of the same file above; quote a value that starts with"
                                    + " * or &");
        } catch (MarkedYAMLException e) {
            throw at(whole, e.getProblemMark())
                    .refusal("is not YAML: " + e.getProblem(), "check indentation and quotes");
        } catch (YAMLException e) {
            throw whole.refusal(
                    "cannot be read as YAML: control characters, or nested deeper than "
                            + MAX_DEPTH
                            + " levels",
                    "remove what does not belong there");
        }
        if (documents.isEmpty()) {
            return new Value.Fields(whole, Map.of());
        }
        if (documents.size() > 1) {
            throw at(whole, documents.get(1).getStartMark())
                    .refusal(
                            "is a second document: a header with spec, and inputs, are not"
                                    + " supported",
                            "run the job of a file that has neither");
        }
        return switch (new PipelineYaml(bound, notes).convert(documents.getFirst(), whole)) {
            case Value.Fields fields -> fields;
            case Value.Scalar scalar when scalar.isNull() -> new Value.Fields(whole, Map.of());
            case Value.Scalar _, Value.Items _, Value.Reference _ ->
                    throw whole.refusal(
                            "is no mapping of jobs", "write for example:  build: {script: make}");
        };
    }

    private static Place at(Place file, @Nullable Mark mark) {
        return mark == null
                ? file
                : new Place(null, "", file.file(), mark.getLine() + 1, mark.getColumn() + 1);
    }

    private Value convert(Node node, Place place) {
        bound.count(place);
        if (!open.add(node)) {
            throw place.refusal("holds itself", "write the value out instead of using an alias");
        }
        Value value =
                switch (node) {
                    case MappingNode mapping -> mapping(mapping, place);
                    case SequenceNode sequence when sequence.getTag().equals(REFERENCE) ->
                            reference(sequence, place);
                    case SequenceNode sequence -> sequence(sequence, place);
                    case ScalarNode scalar -> scalar(scalar, place);
                    case AnchorNode anchor -> convert(anchor.getRealNode(), place);
                    default ->
                            throw new IllegalStateException(
                                    "unknown kind of node: " + node.getClass());
                };
        open.remove(node);
        return value;
    }

    private static Value.Scalar scalar(ScalarNode node, Place place) {
        String text = node.getValue();
        if (text.indexOf('\0') >= 0) {
            throw place.refusal("holds a NUL character", "remove it");
        }
        if (node.getTag().equals(Tag.BOOL)) {
            boolean set = Set.of("yes", "true", "on").contains(text.toLowerCase(Locale.ROOT));
            return new Value.Scalar(place, text, set ? Value.Kind.TRUE : Value.Kind.FALSE);
        }
        Value.Kind kind = KINDS.get(node.getTag());
        if (kind == null) {
            throw unknownTag(place);
        }
        return new Value.Scalar(place, text, kind);
    }

    private static ConfigException unknownTag(Place place) {
        return place.refusal(
                "has a tag that GitLab does not know",
                "!reference [job, key] is the only one; quote a value that starts with an"
                        + " exclamation mark");
    }

    private static Value.Reference reference(SequenceNode node, Place place) {
        List<String> path = new ArrayList<>();
        for (Node step : node.getValue()) {
            if (!(step instanceof ScalarNode scalar)) {
                path.clear();
                break;
            }
            path.add(scalar.getValue());
        }
        if (path.isEmpty()) {
            throw place.refusal(
                    "is a !reference without a path of names",
                    "write for example:  !reference [.setup, script]");
        }
        return new Value.Reference(place, path);
    }

    private Value.Items sequence(SequenceNode node, Place place) {
        checkTag(node, place);
        List<Value> items = new ArrayList<>();
        for (Node item : node.getValue()) {
            Mark mark = item.getStartMark();
            items.add(
                    convert(
                            item,
                            place.item(items.size(), mark.getLine() + 1, mark.getColumn() + 1)));
        }
        return new Value.Items(place, items);
    }

    private Value.Fields mapping(MappingNode node, Place place) {
        checkTag(node, place);
        Map<String, Value> own = new LinkedHashMap<>();
        Map<String, Value> merged = new LinkedHashMap<>();
        Map<String, Integer> lines = new HashMap<>();
        for (NodeTuple entry : node.getValue()) {
            Mark mark = entry.getKeyNode().getStartMark();
            int line = mark.getLine() + 1;
            if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                throw place.key("?", line, mark.getColumn() + 1)
                        .refusal("is a key that is not text", "write a plain key");
            }
            Place child = place.key(key.getValue(), line, mark.getColumn() + 1);
            if (key.getTag().equals(Tag.MERGE)) {
                merge(convert(entry.getValueNode(), child), merged);
                continue;
            }
            if (key.getValue().length() > MAX_KEY
                    || key.getValue().chars().anyMatch(Character::isISOControl)) {
                throw place.refusal(
                        "has a key of more than "
                                + MAX_KEY
                                + " characters, or with control characters",
                        "use a short, printable key");
            }
            Integer first = lines.putIfAbsent(key.getValue(), line);
            if (first != null) {
                notes.accept(
                        child.problem(
                                "is here twice, first on line " + first + "; this one counts",
                                "remove one of the two"));
            }
            own.put(key.getValue(), convert(entry.getValueNode(), child));
        }
        Map<String, Value> all = new LinkedHashMap<>(merged);
        all.putAll(own);
        return new Value.Fields(place, all);
    }

    /** Of several that a merge key names, the first counts; a mapping's own keys count more. */
    private static void merge(Value value, Map<String, Value> merged) {
        switch (value) {
            case Value.Fields fields -> fields.values().forEach(merged::putIfAbsent);
            case Value.Items items
                    when items.values().stream().allMatch(Value.Fields.class::isInstance) ->
                    items.values().forEach(item -> merge(item, merged));
            case Value.Items _, Value.Scalar _, Value.Reference _ ->
                    throw value.place()
                            .refusal(
                                    "is neither a mapping nor a list of mappings",
                                    "write for example:  <<: *defaults");
        }
    }

    private static void checkTag(Node node, Place place) {
        if (!COLLECTIONS.contains(node.getTag())) {
            throw unknownTag(place);
        }
    }
}
