package dev.mayfly.migration;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import dev.mayfly.config.ConfigException;
import dev.mayfly.config.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A {@code config.toml}, read. */
final class ConfigToml {

    private static final int MAX_BYTES = 1 << 20;

    private ConfigToml() {}

    /**
     * Reads a file.
     *
     * @throws ConfigException when it is no TOML; never with what is in it, which holds tokens
     */
    static JsonNode read(Path file) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException _) {
            throw refusal(file, 1, 1, "there is no such file", "name gitlab-runner's config.toml");
        } catch (IOException e) {
            throw refusal(
                    file,
                    1,
                    1,
                    "cannot be read (" + e.getMessage() + ")",
                    "run as a user that may read it, such as root");
        }
        if (bytes.length > MAX_BYTES) {
            throw refusal(file, 1, 1, "is longer than " + MAX_BYTES + " bytes", "make it shorter");
        }
        try {
            return new TomlMapper()
                    .readTree(
                            StandardCharsets.UTF_8
                                    .newDecoder()
                                    .decode(ByteBuffer.wrap(bytes))
                                    .toString());
        } catch (CharacterCodingException _) {
            throw refusal(file, 1, 1, "is not UTF-8 text", "save it with the encoding UTF-8");
        } catch (JacksonException e) {
            JsonLocation at = e.getLocation();
            throw refusal(
                    file,
                    at == null ? 1 : Math.max(1, at.getLineNr()),
                    at == null ? 1 : Math.max(1, at.getColumnNr()),
                    "is not TOML",
                    "look for a missing quote or bracket, or a key that is there twice;"
                            + " gitlab-runner verify would complain too");
        }
    }

    private static ConfigException refusal(
            Path file, int line, int column, String cause, String cure) {
        return new ConfigException(List.of(new Problem(file, line, column, "", cause, cure)));
    }

    /** Where gitlab-runner reads keys, it does not look at upper and lower case. */
    static JsonNode field(JsonNode node, String name) {
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            if (entry.getKey().equalsIgnoreCase(name)) {
                return entry.getValue();
            }
        }
        return node.path(name);
    }

    static String text(JsonNode node, String name) {
        JsonNode value = field(node, name);
        return value.isValueNode() && !value.isNull() ? Objects.toString(value.asText(), "") : "";
    }

    static long number(JsonNode value) {
        return value.isNumber() ? value.longValue() : 0;
    }
}
