package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is published beside the program must agree with it. */
class PublishedFilesTest {

    private static final Environment ROOT = new Environment(Map.of(), Path.of("/root"), true);
    private static final Pattern COMMENTED_KEY = Pattern.compile("(?m)^( *)# ([a-z_]+: .*)$");

    @TempDir private Path directory;

    @ParameterizedTest
    @MethodSource("examples")
    void exampleLoads(Path example) throws IOException {
        Files.writeString(directory.resolve("api-token"), "0123456789abcdef");
        Files.setPosixFilePermissions(
                directory.resolve("api-token"),
                java.nio.file.attribute.PosixFilePermissions.fromString("r--------"));
        Environment environment =
                new Environment(
                        Map.of("CREDENTIALS_DIRECTORY", directory.toString()), directory, true);

        if (isJob(example)) {
            assertThat(JobDocument.read(example).spec().steps().script()).isNotEmpty();
        } else {
            assertThat(ConfigLoader.load(example, environment).pools()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void exampleNamesItsSchemaForEditors(Path example) throws IOException {
        String schema = isJob(example) ? "../job.schema.json" : "../mayfly.schema.json";

        assertThat(Files.readAllLines(example).getFirst())
                .isEqualTo("# yaml-language-server: $schema=" + schema);
        assertThat(example.resolveSibling(schema)).exists();
    }

    @Test
    void defaultConfigurationShowsEveryKey() throws IOException {
        String text = Files.readString(Repository.CONFIGURATION);

        assertThat(leaves(DocumentSchema.CONFIGURATION.root(), "").keySet())
                .isNotEmpty()
                .allSatisfy(path -> {
                    String named = path.replace(".<NAME>", "");
                    String key = named.substring(named.lastIndexOf('.') + 1);
                    assertThat(text).containsPattern("(?m)^[ #-]*" + key + ":");
                });
    }

    @Test
    void commentedKeysOfTheDefaultConfigurationShowTheDefaults() throws IOException {
        String text =
                COMMENTED_KEY
                        .matcher(Files.readString(Repository.CONFIGURATION))
                        .replaceAll(match ->
                                match.group(2)
                                                .matches(
                                                        "(token|token_rules|seccomp_profile|apparmor_profile|runtime|engine|registry_logins|pull_policy|allowed_.*): .*")
                                        ? ""
                                        : java.util.regex.Matcher.quoteReplacement(
                                                match.group(1) + match.group(2)));
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), text);

        assertThat(text).contains("\n  state_dir: ").contains("\n    log_limit: 64MiB");
        assertThat(ConfigLoader.load(file, ROOT))
                .isEqualTo(ConfigLoader.load(Repository.CONFIGURATION, ROOT));
    }

    @ParameterizedTest
    @MethodSource("schemas")
    void schemaFollowsItsOwnSpecification(DocumentSchema schema) {
        SchemaRegistry registry =
                SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

        assertThat(
                        registry.getSchema(
                                        SchemaLocation.of(
                                                "https://json-schema.org/draft/2020-12/schema"))
                                .validate(schema.root().definition()))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("schemas")
    void everyKeyIsDescribedAndHasADefaultOrSaysWhatStandsForIt(DocumentSchema schema) {
        List<String> required =
                List.of(
                        "pools[].name",
                        "sources.gitlab[].name",
                        "sources.gitlab[].pool",
                        "cache.s3.bucket",
                        "pools[].engine.host",
                        "pools[].egress.mode",
                        "sources.gitlab[].id_token.audience",
                        "pools[].vault.jwt.role",
                        "pools[].vault.bindings[].name",
                        "pools[].vault.bindings[].ref",
                        "secrets.vault.address",
                        "secrets.vault.auth.app_role.role_id",
                        "secrets.vault.auth.app_role.secret_id_file",
                        "secrets.vault.auth.certificate.role",
                        "secrets.vault.auth.jwt.role",
                        "secrets.vault.auth.jwt.file",
                        "script",
                        "image.name",
                        "services[].image");

        assertThat(leaves(schema.root(), ""))
                .isNotEmpty()
                .allSatisfy((path, leaf) -> {
                    assertThat(leaf.text("description")).as(path).isPresent();
                    assertThat(
                                    required.contains(path)
                                            || path.matches(".*(<NAME>.*|paths|url|directory)")
                                            || leaf.keywords().has("default")
                                            || leaf.keywords().has("x-default"))
                            .as(path + " has a default")
                            .isTrue();
                });
    }

    @ParameterizedTest
    @MethodSource("schemas")
    void defaultsAndExamplesFollowTheirSchema(DocumentSchema schema) throws IOException {
        SchemaRegistry registry =
                SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
        leaves(schema.root(), "")
                .forEach((path, leaf) -> {
                    var definition = new JsonMapper().createObjectNode();
                    definition.setAll((ObjectNode) leaf.keywords());
                    definition.set("$defs", schema.root().definition().get("$defs"));
                    var rules = registry.getSchema(definition);
                    List<JsonNode> values = new ArrayList<>();
                    leaf.keywords().path("examples").forEach(values::add);
                    if (leaf.keywords().has("default")) {
                        values.add(leaf.defaultValue());
                    }
                    assertThat(values)
                            .as(path)
                            .allSatisfy(value -> assertThat(rules.validate(value)).isEmpty());
                });
    }

    /** Each leaf with a value other than its default: if nothing changes, nobody reads the key. */
    @Test
    void everyKeyOfTheConfigurationChangesTheSettings() throws IOException {
        Files.writeString(
                directory.resolve("seccomp.json"), "{\"defaultAction\":\"SCMP_ACT_LOG\"}");
        Files.setPosixFilePermissions(
                Files.writeString(directory.resolve("logins.json"), "{}"),
                PosixFilePermissions.fromString("rw-------"));
        Files.writeString(
                directory.resolve("rules.yaml"),
                "rules: [{name: acme, prefixes: [acme_], then: [{bytes: a-z, least: 8}]}]");
        Map<String, String> others =
                Map.ofEntries(
                        Map.entry("daemon.state_dir", "/elsewhere"),
                        Map.entry("daemon.drain_timeout", "1m"),
                        Map.entry("daemon.log_spool", "1MiB"),
                        Map.entry("daemon.log.format", "json"),
                        Map.entry("daemon.log.level", "debug"),
                        Map.entry("engine.host", "unix:///other.sock"),
                        Map.entry("engine.cert_dir", "/elsewhere"),
                        Map.entry("engine.call_timeout", "31s"),
                        Map.entry("engine.pull_timeout", "11m"),
                        Map.entry("engine.min_free", "2GiB"),
                        Map.entry("engine.ssh_config", "/elsewhere"),
                        Map.entry("engine.allow_no_limits", "true"),
                        Map.entry("pools[].engine.host", "unix:///other.sock"),
                        Map.entry("pools[].engine.cert_dir", "/elsewhere"),
                        Map.entry("pools[].engine.ssh_config", "/elsewhere"),
                        Map.entry("pools[].engine.call_timeout", "31s"),
                        Map.entry("pools[].engine.pull_timeout", "11m"),
                        Map.entry("pools[].engine.min_free", "2GiB"),
                        Map.entry("pools[].engine.allow_no_limits", "true"),
                        Map.entry("pools[].runtime", "runsc"),
                        Map.entry("pools[].apparmor_profile", "mayfly-job"),
                        Map.entry("pools[].user_namespace", "true"),
                        Map.entry("agent.image", "other"),
                        Map.entry("api.listen", "127.0.0.1:1"),
                        Map.entry("audit.dir", "/elsewhere"),
                        Map.entry("audit.key", "/elsewhere"),
                        Map.entry("audit.keep", "5d"),
                        Map.entry("audit.max_size", "5GiB"),
                        Map.entry("audit.file_size", "5MiB"),
                        Map.entry("api.token", "${env:TOKEN}"),
                        Map.entry("pools[].name", "other"),
                        Map.entry("pools[].slots", "9"),
                        Map.entry("pools[].image", "other"),
                        Map.entry("pools[].registry_logins", "logins.json"),
                        Map.entry("pools[].allowed_images", "[debian]"),
                        Map.entry("pools[].allowed_services", "[debian]"),
                        Map.entry("pools[].allowed_pull_policies", "[never]"),
                        Map.entry("pools[].pull_policy", "[never]"),
                        Map.entry("pools[].network", "full"),
                        Map.entry("pools[].images.require_digest", "true"),
                        Map.entry("pools[].images.variables", "refuse"),
                        Map.entry("pools[].images.pin", "true"),
                        Map.entry("pools[].images.max_age", "91d"),
                        Map.entry("pools[].images.too_old", "warn"),
                        Map.entry("pools[].images.max_size", "5GiB"),
                        Map.entry("pools[].egress.mode", "open"),
                        Map.entry("pools[].egress.allow", "[a.example]"),
                        Map.entry("pools[].egress.audit_only", "true"),
                        Map.entry("pools[].egress.connections", "7"),
                        Map.entry("pools[].timeout", "2h"),
                        Map.entry("pools[].memory", "3GiB"),
                        Map.entry("pools[].cpus", "0.5"),
                        Map.entry("pools[].pids", "99"),
                        Map.entry("pools[].open_files", "99"),
                        Map.entry("pools[].tmp", "1MiB"),
                        Map.entry("pools[].disk", "1MiB"),
                        Map.entry("pools[].files", "1000"),
                        Map.entry("pools[].read_only_root", "false"),
                        Map.entry("pools[].user", "image"),
                        Map.entry("pools[].seccomp_profile", "seccomp.json"),
                        Map.entry("pools[].log_limit", "1MiB"),
                        Map.entry("pools[].protected", "true"),
                        Map.entry("pools[].policy.forks", "hold"),
                        Map.entry("pools[].policy.refs", "protected"),
                        Map.entry("pools[].policy.projects", "[shop/web]"),
                        Map.entry("pools[].policy.environments", "[production]"),
                        Map.entry("pools[].policy.approve_environments", "[production]"),
                        Map.entry("policy.files", "[other.yaml]"),
                        Map.entry("policy.approval_expires", "1h"),
                        Map.entry("sources.gitlab[].id_token.audience", "other"),
                        Map.entry("sources.gitlab[].id_token.variable", "OTHER"),
                        Map.entry("sources.gitlab[].id_token.issuer", "https://other.example"),
                        Map.entry("sources.gitlab[].id_token.keys", "https://other.example/k"),
                        Map.entry("sources.gitlab[].id_token.required", "true"),
                        Map.entry("pools[].masking.shortest", "5"),
                        Map.entry("pools[].masking.off", "[hex, utf16]"),
                        Map.entry("pools[].masking.names", "true"),
                        Map.entry("pools[].masking.token_shapes", "false"),
                        Map.entry("pools[].masking.token_rules", "rules.yaml"),
                        Map.entry("sources.local.feeds", "[high, low]"),
                        Map.entry("sources.local.default", "high"),
                        Map.entry("sources.local.max_queued", "1"),
                        Map.entry("sources.local.keep_finished", "1d"),
                        Map.entry("sources.gitlab[].name", "other"),
                        Map.entry("sources.gitlab[].url", "https://other.example.com"),
                        Map.entry("sources.gitlab[].pool", "high"),
                        Map.entry("sources.gitlab[].protected", "true"),
                        Map.entry("sources.gitlab[].rotate_token", "false"),
                        Map.entry("sources.gitlab[].ca_file", "/elsewhere"),
                        Map.entry("sources.gitlab[].client_certificate", "/elsewhere"),
                        Map.entry("sources.gitlab[].client_key", "/elsewhere"),
                        Map.entry("sources.gitlab[].variables.<NAME>", "other"),
                        Map.entry("artifacts.max_archive", "1GiB"),
                        Map.entry("artifacts.max_unpacked", "1GiB"),
                        Map.entry("artifacts.max_files", "1000"),
                        Map.entry("cache.store", "none"),
                        Map.entry("cache.path", "/elsewhere"),
                        Map.entry("cache.max_size", "1GiB"),
                        Map.entry("cache.max_entry", "1GiB"),
                        Map.entry("cache.max_unused", "1d"),
                        Map.entry("cache.s3.endpoint", "https://other:9000"),
                        Map.entry("cache.s3.region", "other"),
                        Map.entry("cache.s3.bucket", "other"),
                        Map.entry("cache.s3.prefix", "other/one"),
                        Map.entry("cache.s3.path_style", "true"),
                        Map.entry("cache.s3.credentials", "aws_chain"),
                        Map.entry("cache.s3.access_key_file", "/elsewhere"),
                        Map.entry("cache.s3.secret_key_file", "/elsewhere"),
                        Map.entry("cache.s3.session_token_file", "/elsewhere"),
                        Map.entry("cache.s3.ca_file", "/elsewhere"),
                        Map.entry("cache.s3.plain_http", "true"),
                        Map.entry("cache.s3.timeout", "11s"),
                        Map.entry("pools[].vault.token_role", "other"),
                        Map.entry("pools[].vault.policies", "[other]"),
                        Map.entry("pools[].vault.jwt.mount", "other"),
                        Map.entry("pools[].vault.jwt.role", "other"),
                        Map.entry("pools[].vault.jwt.other_roles", "[k]"),
                        Map.entry("pools[].vault.jwt.bound_claims.<NAME>", "[42, 43]"),
                        Map.entry("pools[].vault.jwt.variable", "OTHER"),
                        Map.entry("pools[].vault.allow[].paths", "[other/*]"),
                        Map.entry("pools[].vault.allow[].when.<NAME>", "[main, true, 7]"),
                        Map.entry("pools[].vault.bindings[].name", "OTHER"),
                        Map.entry("pools[].vault.bindings[].ref", "vault:other#x"),
                        Map.entry("pools[].vault.bindings[].variable", "true"),
                        Map.entry("pools[].vault.bindings[].template", "x {{y}}"),
                        Map.entry("pools[].vault.bindings[].when.<NAME>", "main"),
                        Map.entry("secrets.vault.address", "https://other:8200"),
                        Map.entry("secrets.vault.other_addresses", "[https://other:8200]"),
                        Map.entry("secrets.vault.namespace", "other"),
                        Map.entry("secrets.vault.ca_file", "/elsewhere"),
                        Map.entry("secrets.vault.client_certificate", "/elsewhere"),
                        Map.entry("secrets.vault.client_key", "/elsewhere"),
                        Map.entry("secrets.vault.timeout", "11s"),
                        Map.entry("secrets.vault.name", "other"),
                        Map.entry("secrets.vault.token_life", "11m"),
                        Map.entry("secrets.vault.auth.app_role.mount", "other"),
                        Map.entry("secrets.vault.auth.app_role.role_id", "other"),
                        Map.entry("secrets.vault.auth.app_role.secret_id_file", "/elsewhere"),
                        Map.entry("secrets.vault.auth.app_role.wrapped_role", "other"),
                        Map.entry("secrets.vault.auth.certificate.mount", "other"),
                        Map.entry("secrets.vault.auth.certificate.role", "other"),
                        Map.entry("secrets.vault.auth.jwt.mount", "other"),
                        Map.entry("secrets.vault.auth.jwt.role", "other"),
                        Map.entry("secrets.vault.auth.jwt.file", "/elsewhere"),
                        Map.entry("secrets.vault.auth.token_file", "/elsewhere"),
                        Map.entry("secrets.file.path", "/elsewhere"),
                        Map.entry("secrets.file.key", "/elsewhere"));

        Set<String> keys = new TreeSet<>(leaves(DocumentSchema.CONFIGURATION.root(), "").keySet());
        // They only allow what another key says: ConfigLoaderTest shows it.
        keys.removeAll(
                Set.of(
                        "engine.allow_plain_tcp",
                        "pools[].engine.allow_plain_tcp",
                        "sources.gitlab[].allow_plain_http"));
        assertThat(keys).isEqualTo(new TreeMap<>(others).keySet());
        others.forEach((path, value) ->
                assertThat(loadWith(path, value)).as(path).isNotEqualTo(loadWith(path, null)));
    }

    private MayflySettings loadWith(String path, @org.jspecify.annotations.Nullable String value) {
        String feeds = path.equals("sources.local.default") ? "feeds: [low, high], " : "";
        if (path.equals("engine.cert_dir")) {
            feeds = "host: 'tcp://10.0.0.1:2376', allow_plain_tcp: true, ";
        }
        if (path.equals("engine.ssh_config")) {
            feeds = "host: 'ssh://elsewhere', ";
        }
        String key = path.substring(path.lastIndexOf('.') + 1);
        String entry =
                value == null
                        ? ""
                        : key + ": " + (value.startsWith("[") ? value : "'" + value + "'");
        if (value != null && value.matches("[0-9.]+|true|false")) {
            entry = key + ": " + value;
        }
        StringBuilder text = new StringBuilder();
        if (path.contains("vault")) {
            text.append(withVault(path, value));
        } else if (path.startsWith("cache.s3.")) {
            Map<String, String> store =
                    new TreeMap<>(
                            Map.of(
                                    "bucket",
                                    "usual",
                                    "access_key_file",
                                    "/a",
                                    "secret_key_file",
                                    "/s"));
            if (key.equals("plain_http") && value != null) {
                store.put("endpoint", "'http://store:9000'"); // which it is that lets it in
            }
            if (key.equals("credentials") && value != null) {
                store.keySet().retainAll(Set.of("bucket"));
            }
            if (value != null) {
                store.put(key, value.equals("true") ? value : "'" + value + "'");
            }
            text.append("pools: [{name: high}, {name: low}]\ncache: {store: s3, s3: ")
                    .append(store.toString().replace("=", ": "))
                    .append("}");
        } else if (path.startsWith("pools[]")) {
            String name = key.equals("name") && value != null ? "" : "name: low, ";
            if (path.startsWith("pools[].egress.")) {
                String mode = key.equals("mode") && value != null ? "" : "mode: allow, ";
                entry = "egress: {" + mode + entry + "}";
            }
            if (path.startsWith("pools[].images.")) {
                entry = "images: {" + (key.equals("too_old") ? "max_age: 1d, " : "") + entry + "}";
            }
            if (path.startsWith("pools[].engine.")) {
                String host =
                        switch (key) {
                            case "host" -> value == null ? "host: 'unix:///own.sock'" : "";
                            case "cert_dir" ->
                                    "host: 'tcp://10.0.0.1:2376', allow_plain_tcp: true, ";
                            case "ssh_config" -> "host: 'ssh://elsewhere', ";
                            default -> "host: 'unix:///own.sock', ";
                        };
                entry = "engine: {" + host + entry + "}";
            }
            if (path.startsWith("pools[].policy.")) {
                entry = "policy: {" + entry + "}";
            }
            if (path.startsWith("pools[].masking.")) {
                entry = "masking: {" + entry + "}";
            }
            text.append("pools: [{name: high}, {").append(name).append(entry).append("}]");
        } else if (path.startsWith("sources.gitlab[]")) {
            Map<String, String> runner =
                    new TreeMap<>(
                            Map.of("name", "one", "url", "'https://a.example'", "pool", "low"));
            if (key.startsWith("client_")) {
                runner.put("client_certificate", "/usual");
                runner.put("client_key", "/usual");
            }
            boolean token = path.contains(".id_token.");
            if (token) {
                runner.put(
                        "id_token",
                        "{"
                                + (key.equals("audience") && value != null ? "" : "audience: a, ")
                                + entry
                                + "}");
            } else if (value != null && path.endsWith(".variables.<NAME>")) {
                runner.put("variables", "{A: " + value + "}");
            } else if (value != null) {
                runner.put(key, "'" + value + "'");
            }
            if (!token && ("true".equals(value) || "false".equals(value))) {
                runner.put(key, value);
            }
            text.append("pools: [{name: high}, {name: low}]\nsources: {gitlab: [")
                    .append(runner.toString().replace("=", ": "))
                    .append("]}");
        } else {
            text.append("pools: [{name: high}, {name: low}]\n");
            String[] sections = path.split("\\.", -1);
            for (int i = 0; i < sections.length - 1; i++) {
                text.append(sections[i]).append(": {");
            }
            text.append(feeds).append(entry).append("}".repeat(sections.length - 1));
        }
        try {
            Path file = Files.writeString(directory.resolve("one.yaml"), text);
            return ConfigLoader.load(
                    file,
                    new Environment(Map.of("TOKEN", "0123456789abcdef"), Path.of("/root"), true));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A configuration with all that Vault needs, in which one value may be another one. */
    private static String withVault(String path, @org.jspecify.annotations.Nullable String value) {
        String auth = "{app_role: {role_id: i, secret_id_file: /s}}";
        if (path.contains("auth.certificate")) {
            auth = "{certificate: {role: r}}";
        } else if (path.contains("auth.jwt")) {
            auth = "{jwt: {role: r, file: /f}}";
        } else if (path.contains("auth.token_file")) {
            auth = "{token_file: /t}";
        }
        YAMLMapper yaml = new YAMLMapper();
        try {
            ObjectNode root =
                    (ObjectNode)
                            yaml.readTree(
                                    """
                                    pools: [{name: high, vault: {token_role: r, jwt: {role: j, bound_claims: {x: y}}, allow: [{paths: [a], when: {}}],
                                             bindings: [{name: B, ref: 'vault:x', when: {}}]}}]
                                    secrets: {vault: {address: 'https://v:1', client_certificate: /c, client_key: /k, auth: %s}}
                                    """
                                            .formatted(auth));
            if (value != null) {
                JsonNode at = root;
                String[] keys = path.split("\\.", -1);
                for (int i = 0; i < keys.length - 1; i++) {
                    at = at.get(keys[i].replace("[]", ""));
                    at = at.isArray() ? at.get(0) : at;
                }
                ((ObjectNode) at)
                        .set(
                                keys[keys.length - 1].replace("<NAME>", "claim"),
                                value.matches("\\[.*|true")
                                        ? yaml.readTree(value)
                                        : yaml.getNodeFactory().textNode(value));
            }
            return yaml.writeValueAsString(root);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Stream<DocumentSchema> schemas() {
        return Stream.of(DocumentSchema.CONFIGURATION, DocumentSchema.JOB);
    }

    private static List<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(Repository.EXAMPLES)) {
            return files.sorted().toList();
        }
    }

    private static boolean isJob(Path example) {
        return example.getFileName().toString().startsWith("job-");
    }

    /** Every key that holds a value rather than further keys. */
    private static Map<String, SchemaNode> leaves(SchemaNode node, String path) {
        Map<String, SchemaNode> leaves = new TreeMap<>();
        if (node.allows("array") && node.item().allows("object")) {
            leaves.putAll(leaves(node.item(), path + "[]"));
        } else if (node.entry().keywords().isObject()) {
            leaves.putAll(leaves(node.entry(), path + ".<NAME>"));
        } else if (node.keys().isEmpty()) {
            leaves.put(path, node);
        }
        for (String key : node.keys()) {
            leaves.putAll(leaves(node.child(key), path.isEmpty() ? key : path + "." + key));
        }
        return leaves;
    }
}
