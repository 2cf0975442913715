package dev.mayfly.migration;

import static dev.mayfly.migration.ConfigToml.field;
import static dev.mayfly.migration.ConfigToml.number;
import static dev.mayfly.migration.ConfigToml.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.BiConsumer;

/**
 * Where the caches of gitlab-runner's runners are, as the one store that a daemon has: that of the
 * first runner with one. No key of a store gets into the configuration, which names files for them.
 */
final class CacheMove {

    private static final long MEBIBYTE = 1 << 20;
    private static final long MOST_MEBIBYTES = 999_999;
    private static final String DIRECTORY = "/etc/mayfly/";
    private static final String BUCKET = "[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]";
    private static final String SHAPE = "a name of 3 to 63 letters, digits, dots and dashes";

    private final BiConsumer<String, String> open;
    private String yaml = "";

    /**
     * Begins.
     *
     * @param open takes a key and what is to do for it
     */
    CacheMove(BiConsumer<String, String> open) {
        this.open = open;
    }

    /** The section, or empty text for caches in a directory. */
    String yaml() {
        return yaml;
    }

    /**
     * Takes over what a runner says.
     *
     * @param key of its section, with the runner's index
     * @return whether the configuration has it; what has to be done else is said, once for all of
     *     the section
     */
    boolean take(JsonNode cache, String key) {
        String type = text(cache, "Type");
        if (!type.equals("s3")) {
            if (!type.isEmpty()) {
                open.accept(
                        key,
                        "is left out: only S3-compatible stores are supported, so caches are in a"
                                + " directory of this host, see cache in the configuration");
            }
            return false; // without a type, gitlab-runner looks at none of it
        }
        JsonNode s3 = field(cache, "s3");
        String bucket = text(s3, "BucketName");
        if (!bucket.matches(BUCKET)) {
            open.accept(
                    key,
                    "is left out: s3.BucketName is "
                            + (bucket.isEmpty() ? "missing" : "no bucket's name")
                            + ", so caches are in a directory of this host; for a bucket, set"
                            + " cache.store and cache.s3 with "
                            + SHAPE);
            return false;
        }
        String section = section(cache, s3, key, bucket);
        if (yaml.isEmpty()) {
            yaml = section;
        } else if (!yaml.equals(section)) {
            open.accept(
                    key,
                    "is left out, as another store than that of an earlier runner, and a daemon"
                            + " has one: let them share it, since each pool has caches of its own");
            return false;
        }
        return true;
    }

    private String section(JsonNode cache, JsonNode s3, String key, String bucket) {
        StringBuilder yaml = new StringBuilder("\ncache:\n  store: s3\n");
        long most = number(field(cache, "MaxUploadedArchiveSize"));
        if (most > 0) {
            yaml.append("  max_entry: ")
                    .append(Math.clamp(most / MEBIBYTE, 1, MOST_MEBIBYTES))
                    .append("MiB\n");
        }
        yaml.append("  s3:\n");
        endpoint(yaml, s3, key);
        String region = text(s3, "BucketLocation");
        if (region.matches("[A-Za-z0-9-]{1,64}")) {
            line(yaml, "region", region);
        } else if (!region.isEmpty()) {
            open.accept(key + ".s3.BucketLocation", "is no region's name: set cache.s3.region");
        }
        line(yaml, "bucket", bucket);
        prefix(yaml, text(cache, "Path"), key);
        if (field(s3, "PathStyle").isBoolean()) {
            yaml.append("    path_style: ")
                    .append(field(s3, "PathStyle").booleanValue())
                    .append('\n');
        }
        keys(yaml, s3);
        return yaml.toString();
    }

    /** What is at AWS needs none: the region tells. */
    private void endpoint(StringBuilder yaml, JsonNode s3, String key) {
        String server = text(s3, "ServerAddress");
        boolean plain = field(s3, "Insecure").asBoolean();
        if (server.isEmpty() || server.matches("(?i)([a-z0-9.-]+\\.)?amazonaws\\.com(\\.cn)?")) {
            return;
        }
        if (!server.matches("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?")) {
            open.accept(
                    key + ".s3.ServerAddress", "is no HOST or HOST:PORT: set cache.s3.endpoint");
            return;
        }
        line(yaml, "endpoint", (plain ? "http://" : "https://") + server);
        if (plain) {
            yaml.append("    plain_http: true         # as before; TLS is safer\n");
        }
    }

    private void prefix(StringBuilder yaml, String path, String key) {
        String prefix = path.replaceAll("^/+|/+$", "");
        String word = "[A-Za-z0-9_=-][A-Za-z0-9._=-]*";
        if (prefix.length() <= 256 && prefix.matches(word + "(/" + word + ")*")) {
            line(yaml, "prefix", prefix);
        } else if (!prefix.isEmpty()) {
            open.accept(key + ".Path", "is left out: set cache.s3.prefix");
        }
    }

    /** As gitlab-runner decides: without both keys, it is for the host's role to be let in. */
    private static void keys(StringBuilder yaml, JsonNode s3) {
        boolean given =
                !text(s3, "AccessKey").isEmpty()
                        && !text(s3, "SecretKey").isEmpty()
                        && !text(s3, "AuthenticationType").equals("iam");
        if (!given) {
            line(yaml, "credentials", "aws_chain");
            return;
        }
        line(yaml, "access_key_file", DIRECTORY + "s3-access-key");
        line(yaml, "secret_key_file", DIRECTORY + "s3-secret-key");
        if (!text(s3, "SessionToken").isEmpty()) {
            line(yaml, "session_token_file", DIRECTORY + "s3-session-token");
        }
    }

    /** Of text that is one word. */
    private static void line(StringBuilder yaml, String key, String value) {
        yaml.append("    ").append(key).append(": '").append(value).append("'\n");
    }
}
