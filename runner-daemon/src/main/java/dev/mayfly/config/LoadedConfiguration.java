package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A configuration together with the file that it was read from, so that it can be read again and
 * the two readings be compared key by key. Knows the text of values, which may be secret, and shows
 * only keys.
 */
public final class LoadedConfiguration {

    private final @Nullable Path file;
    private final Environment environment;
    private final MayflySettings settings;
    private final NavigableMap<String, JsonNode> written;

    private LoadedConfiguration(
            @Nullable Path file,
            Environment environment,
            MayflySettings settings,
            NavigableMap<String, JsonNode> written) {
        this.file = file;
        this.environment = environment;
        this.settings = settings;
        this.written = written;
    }

    /**
     * Reads a file.
     *
     * @param file null for the configuration that is part of the program
     * @throws ConfigException with every problem of the file
     */
    public static LoadedConfiguration of(@Nullable Path file, Environment environment) {
        if (file == null) {
            return new LoadedConfiguration(
                    null, environment, ConfigLoader.loadBuiltIn(environment), new TreeMap<>());
        }
        // One reading for both, so that no change in between is missed.
        YamlDocument document = YamlDocument.read(file);
        NavigableMap<String, JsonNode> written = new TreeMap<>();
        flatten("", document.tree(), written);
        Path directory = file.toAbsolutePath().normalize().getParent();
        return new LoadedConfiguration(
                file,
                environment,
                ConfigLoader.settings(
                        document, environment, directory == null ? Path.of("/") : directory),
                written);
    }

    /** Settings that come from no file, and stay as they are. */
    public static LoadedConfiguration fixed(MayflySettings settings) {
        return new LoadedConfiguration(null, Environment.ofProcess(), settings, new TreeMap<>());
    }

    /**
     * Reads the same file as it is now; without one, this is its own reading.
     *
     * @throws ConfigException with every problem of the file
     */
    public LoadedConfiguration again() {
        return file == null ? this : of(file, environment);
    }

    public MayflySettings settings() {
        return settings;
    }

    /**
     * The keys whose text differs, such as {@code pools.trusted.timeout}. Members of lists go by
     * their name, where they have one.
     */
    public NavigableSet<String> changedTo(LoadedConfiguration other) {
        NavigableSet<String> changed = new TreeSet<>(written.keySet());
        changed.addAll(other.written.keySet());
        changed.removeIf(key -> sameValue(written.get(key), other.written.get(key)));
        return changed;
    }

    private static boolean sameValue(@Nullable JsonNode one, @Nullable JsonNode other) {
        return one != null && one.equals(other);
    }

    private static void flatten(String key, JsonNode value, Map<String, JsonNode> into) {
        if (value.isObject()) {
            value.properties()
                    .forEach(entry ->
                            flatten(
                                    key.isEmpty() ? entry.getKey() : key + "." + entry.getKey(),
                                    entry.getValue(),
                                    into));
        } else if (value.isArray() && isNamed(value)) {
            List<String> names = new ArrayList<>();
            for (JsonNode member : value) {
                names.add(member.path("name").asText());
                flatten(key + "." + member.path("name").asText(), member, into);
            }
            // Their order has a meaning of its own.
            into.put(key, TextNode.valueOf(String.join(", ", names)));
        } else if (!value.isNull()) {
            // Values are replaced in place while the document is bound.
            into.put(key, value.deepCopy());
        }
    }

    private static boolean isNamed(JsonNode list) {
        for (JsonNode member : list) {
            if (!member.path("name").isTextual()) {
                return false;
            }
        }
        return !list.isEmpty();
    }
}
