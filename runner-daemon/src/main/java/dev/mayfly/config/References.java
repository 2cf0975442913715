package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces {@code ${env:NAME}}, {@code ${file:PATH}} and {@code ${credential:NAME}} in the values
 * of a configuration, and refuses secrets that others can read. A doubled dollar sign before the
 * brace stands for a single one.
 */
final class References {

    private static final Pattern REFERENCE = Pattern.compile("\\$?\\$\\{([^}]*)(}?)");
    private static final Pattern CREDENTIAL_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
    private static final int MAX_FILE_BYTES = 64 * 1024;

    private final Review review;
    private final Environment environment;
    private final Path directory;

    /**
     * Prepares the replacement in one document.
     *
     * @param directory where relative paths start
     */
    References(Review review, Environment environment, Path directory) {
        this.review = review;
        this.environment = environment;
        this.directory = directory;
    }

    void replaceAll() {
        replace(review.document().tree(), JsonPointer.empty());
    }

    private void replace(JsonNode value, JsonPointer at) {
        if (value instanceof ObjectNode mapping) {
            mapping.properties()
                    .forEach(entry ->
                            entry.setValue(
                                    replaced(entry.getValue(), at.appendProperty(entry.getKey()))));
        } else if (value instanceof ArrayNode list) {
            for (int i = 0; i < list.size(); i++) {
                list.set(i, replaced(list.get(i), at.appendIndex(i)));
            }
        }
    }

    private JsonNode replaced(JsonNode value, JsonPointer at) {
        if (value.isContainerNode()) {
            replace(value, at);
            return value;
        }
        SchemaNode expected = review.schema().at(at);
        Matcher reference = REFERENCE.matcher(value.asText());
        if (!reference.find()) {
            if (expected.secret() && !value.isNull()) {
                refuseIfOthersCanRead(at);
            }
            return value;
        }
        String text =
                reference.replaceAll(match ->
                        Matcher.quoteReplacement(
                                target(at, match.group(), match.group(1), expected)));
        // From here on it may hold anything, so messages leave it out.
        review.hide(at);
        boolean textExpected = expected.types().isEmpty() || expected.allows("string");
        return textExpected ? JsonNodeFactory.instance.textNode(text) : YamlDocument.scalar(text);
    }

    private String target(JsonPointer at, String whole, String body, SchemaNode expected) {
        if (whole.startsWith("$$")) {
            return whole.substring(1);
        }
        int colon = body.indexOf(':');
        String kind = colon < 0 ? "" : body.substring(0, colon);
        String name = body.substring(colon + 1);
        if (!whole.endsWith("}") || name.isEmpty()) {
            return unresolved(
                    at,
                    "has an incomplete reference",
                    "write ${env:NAME}, ${file:PATH} or ${credential:NAME}; $${ stands for ${ itself");
        }
        return switch (kind) {
            case "env" ->
                    environment
                            .variable(name)
                            .orElseGet(() ->
                                    unresolved(
                                            at,
                                            "the environment variable " + name + " is not set",
                                            "set it, or write the value here"));
            case "file" -> content(at, directory.resolve(name), expected);
            case "credential" ->
                    credential(name)
                            .map(file -> content(at, file, expected))
                            .orElseGet(() ->
                                    unresolved(
                                            at,
                                            "there is no credentials directory for " + name,
                                            "add LoadCredential="
                                                    + name
                                                    + ":/PATH to the systemd unit"));
            default ->
                    unresolved(
                            at,
                            "has a reference of unknown kind \"" + kind + "\"",
                            "write ${env:NAME}, ${file:PATH} or ${credential:NAME}; $${ stands for ${ itself");
        };
    }

    private Optional<Path> credential(String name) {
        return CREDENTIAL_NAME.matcher(name).matches()
                ? environment.credentialsDirectory().map(place -> place.resolve(name))
                : Optional.empty();
    }

    private String content(JsonPointer at, Path file, SchemaNode expected) {
        try (InputStream in = Files.newInputStream(file)) {
            if (expected.secret()
                    && Files.getPosixFilePermissions(file)
                            .contains(PosixFilePermission.OTHERS_READ)) {
                return unresolved(
                        at,
                        "the file " + file + " holds a secret and everybody can read it",
                        "chmod 0600 " + file);
            }
            byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
            if (bytes.length > MAX_FILE_BYTES) {
                return unresolved(
                        at,
                        "the file " + file + " is longer than " + MAX_FILE_BYTES + " bytes",
                        "name the right file");
            }
            return new String(bytes, StandardCharsets.UTF_8).replaceFirst("\r?\n\\z", "");
        } catch (IOException e) {
            return unresolved(
                    at,
                    "the file " + file + " cannot be read: " + e.getClass().getSimpleName(),
                    "create it, and let the user that runs Mayfly read it");
        }
    }

    private void refuseIfOthersCanRead(JsonPointer at) {
        Path file = review.document().file();
        Set<PosixFilePermission> permissions;
        try {
            permissions = Files.getPosixFilePermissions(file);
        } catch (IOException e) {
            review.report(
                    at, "is a secret in a file whose mode cannot be read", "use ${file:PATH}");
            return;
        }
        if (permissions.contains(PosixFilePermission.GROUP_READ)
                || permissions.contains(PosixFilePermission.OTHERS_READ)) {
            review.report(
                    at,
                    "is a secret in a file that others than its owner can read",
                    "chmod 0600 "
                            + file
                            + ", or put the secret into a file of its own and write ${file:PATH}");
        }
    }

    private String unresolved(JsonPointer at, String cause, String cure) {
        review.reportUnresolved(at, cause, cure);
        return "";
    }
}
