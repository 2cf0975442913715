package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** What a client must do right in every request; each breach is one sentence. */
final class StubContract {

    static final Set<String> FEATURES =
            Set.of(
                    "variables",
                    "image",
                    "services",
                    "artifacts",
                    "cache",
                    "fallback_cache_keys",
                    "shared",
                    "upload_multiple_artifacts",
                    "upload_raw_artifacts",
                    "session",
                    "terminal",
                    "refspecs",
                    "masking",
                    "proxy",
                    "raw_variables",
                    "artifacts_exclude",
                    "multi_build_steps",
                    "trace_reset",
                    "trace_checksum",
                    "trace_size",
                    "vault_secrets",
                    "cancelable",
                    "return_exit_code",
                    "service_variables",
                    "service_multiple_aliases",
                    "image_executor_opts",
                    "service_executor_opts",
                    "cancel_gracefully",
                    "native_steps_integration",
                    "two_phase_job_commit",
                    "job_inputs");

    private static final Set<String> EXECUTORS =
            Set.of(
                    "custom",
                    "shell",
                    "docker",
                    "docker-windows",
                    "docker-ssh",
                    "ssh",
                    "parallels",
                    "virtualbox",
                    "docker+machine",
                    "docker-ssh+machine",
                    "kubernetes",
                    "docker-autoscaler",
                    "instance");

    /** Known to every server, whatever it lists. */
    private static final Set<String> REASONS =
            Set.of(
                    "unknown_failure",
                    "script_failure",
                    "runner_system_failure",
                    "job_execution_timeout");

    /** Formats by type, of those that are often met. */
    private static final Map<String, String> ARTIFACTS =
            Map.ofEntries(
                    Map.entry("archive", "zip"),
                    Map.entry("lsif", "zip"),
                    Map.entry("junit", "gzip"),
                    Map.entry("metrics", "gzip"),
                    Map.entry("dotenv", "gzip"),
                    Map.entry("cobertura", "gzip"),
                    Map.entry("jacoco", "gzip"),
                    Map.entry("cyclonedx", "gzip"),
                    Map.entry("annotations", "gzip"),
                    Map.entry("sast", "raw"),
                    Map.entry("secret_detection", "raw"),
                    Map.entry("codequality", "raw"),
                    Map.entry("terraform", "raw"));

    static final Pattern SYSTEM_ID = Pattern.compile("[sr]_[0-9a-zA-Z]{12}");
    static final Pattern CONTENT_RANGE = Pattern.compile("(\\d+)-(\\d+)");
    private static final Pattern AGENT = Pattern.compile("\\S+ \\S+( \\(.+\\))?");
    private static final Pattern REQUEST_ID = Pattern.compile("[0-9a-f]{32}");
    private static final Pattern GO_WORD = Pattern.compile("[a-z0-9]+");

    static final int PIECE_BYTES = 1 << 20;

    private final Consumer<String> violation;

    StubContract(Consumer<String> violation) {
        this.violation = violation;
    }

    /** What every request has. */
    void everyRequest(StubRequest request, Set<String> tokens) {
        demand(
                request,
                matches(AGENT, request.header("User-Agent")),
                "User-Agent must be a name and a version, is " + request.header("User-Agent"));
        demand(
                request,
                matches(REQUEST_ID, request.header("X-Request-Id")),
                "X-Request-Id must be a uuid without dashes");
        for (String token : tokens) {
            demand(request, !request.target().contains(token), "a token is in the URL");
        }
        if (request.endpoint().takesJson()) {
            demand(
                    request,
                    "application/json".equals(mediaType(request.header("Content-Type"))),
                    "Content-Type must be application/json");
        }
        if (request.endpoint().answersJson()) {
            demand(
                    request,
                    "application/json".equals(request.header("Accept")),
                    "Accept must be application/json");
        }
    }

    /** The header of a runner's call says what the body says. */
    void runnerToken(StubRequest request, JsonNode body) {
        demand(
                request,
                body.path("token").asText().equals(request.header("RUNNER-TOKEN")),
                "the header RUNNER-TOKEN must be the token of the body");
    }

    void jobToken(StubRequest request) {
        demand(request, request.header("JOB-TOKEN") != null, "the header JOB-TOKEN is missing");
    }

    void systemId(StubRequest request, JsonNode body) {
        demand(
                request,
                matches(SYSTEM_ID, body.path("system_id").asText()),
                "system_id must match " + SYSTEM_ID + ", is " + body.path("system_id"));
    }

    /** What a client says of itself. */
    void info(StubRequest request, JsonNode info) {
        for (String field : new String[] {"name", "version", "revision"}) {
            demand(
                    request,
                    !info.path(field).asText().isEmpty(),
                    "info." + field + " must be given");
        }
        for (String field : new String[] {"platform", "architecture"}) {
            demand(
                    request,
                    matches(GO_WORD, info.path(field).asText()),
                    "info." + field + " must be a word of Go's, is " + info.path(field));
        }
        demand(
                request,
                EXECUTORS.contains(info.path("executor").asText()),
                "info.executor is not known to GitLab: " + info.path("executor"));
        JsonNode features = info.path("features");
        demand(
                request,
                features.isObject() && !features.isEmpty(),
                "info.features must be an object");
        for (Map.Entry<String, JsonNode> feature : features.properties()) {
            demand(
                    request,
                    FEATURES.contains(feature.getKey()) && feature.getValue().isBoolean(),
                    "info.features has no boolean " + feature.getKey());
        }
    }

    static Set<String> featuresOf(JsonNode info) {
        Set<String> features = new HashSet<>();
        for (Map.Entry<String, JsonNode> feature : info.path("features").properties()) {
            if (feature.getValue().asBoolean()) {
                features.add(feature.getKey());
            }
        }
        return features;
    }

    /** A final state, whatever the server makes of it. */
    void finalState(StubRequest request, JsonNode body, StubJob job) {
        String reason = body.path("failure_reason").asText();
        if (body.path("state").asText().equals("success")) {
            demand(request, reason.isEmpty(), "a success has no failure_reason");
            demand(request, !body.has("exit_code"), "a success has no exit_code");
        } else {
            Set<String> known = new HashSet<>(REASONS);
            job.payload()
                    .path("features")
                    .path("failure_reasons")
                    .forEach(one -> known.add(one.asText()));
            demand(
                    request,
                    known.contains(reason),
                    "this server knows no failure_reason " + reason);
            demand(
                    request,
                    !body.has("exit_code")
                            || (body.path("exit_code").isInt()
                                    && body.path("exit_code").asInt() != 0),
                    "exit_code must be left out when it is 0");
        }
    }

    /** What is uploaded is a kind of artifact that GitLab knows, in the format it wants it in. */
    void artifact(StubRequest request, StubJob.Artifact artifact) {
        String type = String.valueOf(artifact.type());
        String format = String.valueOf(artifact.format());
        demand(request, ARTIFACTS.containsKey(type), "there is no artifact_type " + type);
        demand(
                request,
                format.equals(ARTIFACTS.getOrDefault(type, format)),
                "artifacts of type " + type + " are not sent as " + format);
        String ending =
                switch (format) {
                    case "zip" -> ".zip";
                    case "gzip" -> ".gz";
                    default -> "";
                };
        demand(
                request,
                artifact.fileName().length() > ending.length()
                        && artifact.fileName().endsWith(ending),
                "a " + format + " is not called " + artifact.fileName());
    }

    void demand(StubRequest request, boolean fulfilled, String breach) {
        if (!fulfilled) {
            violation.accept(request.endpoint() + ": " + breach);
        }
    }

    static String mediaType(@org.jspecify.annotations.Nullable String header) {
        if (header == null) {
            return "";
        }
        int semicolon = header.indexOf(';');
        return (semicolon < 0 ? header : header.substring(0, semicolon)).strip();
    }

    private static boolean matches(
            Pattern pattern, @org.jspecify.annotations.Nullable String text) {
        return text != null && pattern.matcher(text).matches();
    }
}
