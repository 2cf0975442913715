package dev.mayfly.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.RegistryLogin.Origin;
import dev.mayfly.job.SecretValue;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * What Docker's {@code config.json} says of logins. Programs that it names are not run: they would
 * run on the host, for a job.
 *
 * @param logins in the file's order
 * @param encoded the same logins as they are written, for those who hide texts
 * @param unused what of it is of no use here, each with why; without any content of a login
 */
public record DockerConfig(
        List<RegistryLogin> logins, List<SecretValue> encoded, List<String> unused) {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    public DockerConfig {
        logins = List.copyOf(logins);
        encoded = List.copyOf(encoded);
        unused = List.copyOf(unused);
    }

    /**
     * Reads it.
     *
     * @param origin of whom it is
     * @throws IllegalArgumentException when it is no JSON object; without its content
     */
    public static DockerConfig parse(String json, Origin origin) {
        JsonNode root = tree(json);
        if (!root.isObject()) {
            throw new IllegalArgumentException(
                    "is not a JSON object such as {\"auths\": {\"registry.example.com\": {\"auth\":"
                            + " \"...\"}}}");
        }
        List<RegistryLogin> logins = new ArrayList<>();
        List<SecretValue> encoded = new ArrayList<>();
        List<String> unused = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : root.path("auths").properties()) {
            read(entry.getKey(), entry.getValue(), origin, logins, encoded, unused);
        }
        if (!root.path("credsStore").asText().isEmpty()) {
            unused.add("credsStore: Mayfly runs no credential helpers");
        }
        root.path("credHelpers")
                .fieldNames()
                .forEachRemaining(registry ->
                        unused.add(
                                "credHelpers of "
                                        + registry
                                        + ": Mayfly runs no credential helpers"));
        return new DockerConfig(logins, encoded, unused);
    }

    private static void read(
            String registry,
            JsonNode entry,
            Origin origin,
            List<RegistryLogin> logins,
            List<SecretValue> encoded,
            List<String> unused) {
        String auth = entry.path("auth").asText();
        String user = entry.path("username").asText();
        String password = entry.path("password").asText();
        if (!auth.isEmpty()) {
            String decoded = decoded(auth);
            int colon = decoded.indexOf(':');
            if (colon <= 0) {
                unused.add("auths of " + registry + ": auth is not the base64 of USER:PASSWORD");
                return;
            }
            user = decoded.substring(0, colon);
            // Docker's own writing may end with a null byte.
            password = decoded.substring(colon + 1).replaceFirst("\0+$", "");
            encoded.add(new SecretValue(auth.getBytes(UTF_8)));
        }
        if (entry.hasNonNull("identitytoken") && !entry.path("identitytoken").asText().isEmpty()) {
            unused.add("auths of " + registry + ": an identitytoken; use a user and a password");
        } else if (user.isEmpty() || password.isEmpty()) {
            unused.add("auths of " + registry + ": there is no user, or no password");
        } else {
            logins.add(
                    new RegistryLogin(
                            registry, user, new SecretValue(password.getBytes(UTF_8)), origin));
        }
    }

    private static JsonNode tree(String json) {
        try {
            JsonNode root = MAPPER.readTree(json);
            return root == null ? MAPPER.missingNode() : root;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "is not JSON, at line "
                            + e.getLocation().getLineNr()
                            + ", column "
                            + e.getLocation().getColumnNr());
        }
    }

    /** Empty when it is none. */
    private static String decoded(String base64) {
        try {
            return new String(Base64.getDecoder().decode(base64.strip()), UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
