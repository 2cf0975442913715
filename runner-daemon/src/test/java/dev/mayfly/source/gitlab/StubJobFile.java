package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * A job as one of a {@code .gitlab-ci.yml} is written, for somebody who tries things out: what a
 * server makes of it, without pipelines. What is not understood is refused.
 */
final class StubJobFile {

    private static final Set<String> KEYS =
            Set.of(
                    "image",
                    "services",
                    "variables",
                    "before_script",
                    "script",
                    "after_script",
                    "stage",
                    "timeout",
                    "artifacts",
                    "cache",
                    "dependencies",
                    "needs",
                    "allow_failure",
                    "retry",
                    "id_tokens");

    private static final Set<String> IMAGE_KEYS =
            Set.of("name", "entrypoint", "pull_policy", "docker");

    private static final Set<String> SERVICE_KEYS =
            Set.of("name", "alias", "entrypoint", "command", "variables", "pull_policy", "docker");

    private static final Set<String> ARTIFACT_KEYS =
            Set.of(
                    "paths",
                    "exclude",
                    "untracked",
                    "name",
                    "when",
                    "expire_in",
                    "expose_as",
                    "reports");

    private static final Set<String> CACHE_KEYS =
            Set.of("key", "paths", "untracked", "policy", "when", "fallback_keys");

    /** What a report is called at the server and in which format it wants it. */
    private static final Map<String, List<String>> REPORTS =
            Map.of(
                    "junit", List.of("junit.xml", "gzip"),
                    "dotenv", List.of(".env", "gzip"),
                    "metrics", List.of("metrics.txt", "gzip"),
                    "annotations", List.of("gl-annotations.json", "gzip"),
                    "cyclonedx", List.of("gl-sbom.cdx.json", "gzip"),
                    "codequality", List.of("gl-code-quality-report.json", "raw"),
                    "sast", List.of("gl-sast-report.json", "raw"),
                    "secret_detection", List.of("gl-secret-detection-report.json", "raw"),
                    "terraform", List.of("tfplan.json", "raw"));

    private static final int MOST_RETRIES = 2;

    private StubJobFile() {}

    /**
     * What a file asks for.
     *
     * @param payload for the runner
     * @param dependencies names of the jobs whose artifacts it gets
     * @param needs names of all the jobs that must have ended
     * @param idTokens audiences of the identity tokens, by the names of their variables
     * @param end what the server makes of the job's end
     */
    record Wish(
            StubPayload payload,
            List<String> dependencies,
            List<String> needs,
            Map<String, List<String>> idTokens,
            End end) {}

    /**
     * What the server makes of a failure.
     *
     * @param allowed whether it does no harm
     * @param allowedCodes those that do none; empty for all
     * @param retries how often the job is run again
     * @param retriedReasons after these failures; empty for all
     */
    record End(boolean allowed, Set<String> allowedCodes, int retries, Set<String> retriedReasons) {

        boolean allows(@Nullable Integer code) {
            return allowed
                    && (allowedCodes.isEmpty() || allowedCodes.contains(String.valueOf(code)));
        }

        boolean retries(@Nullable String reason) {
            return retriedReasons.isEmpty()
                    || retriedReasons.contains("always")
                    || retriedReasons.contains(String.valueOf(reason));
        }
    }

    /**
     * Reads a job.
     *
     * @param yaml a job's keys, or one job below its name
     * @param sources whether there is a repository to fetch
     * @throws IllegalArgumentException saying what is not understood
     */
    static Wish read(long id, String yaml, boolean sources) {
        Map<String, Object> job = mapping(parsed(yaml), "the file");
        String name = "job";
        if (job.size() == 1 && !KEYS.contains(job.keySet().iterator().next())) {
            name = job.keySet().iterator().next();
            job = mapping(job.get(name), name);
        }
        requireKnown(job.keySet(), KEYS, "");
        List<String> script = texts(job.get("before_script"));
        script.addAll(texts(job.get("script")));
        if (script.isEmpty()) {
            throw new IllegalArgumentException("script is missing");
        }
        StubPayload payload =
                StubPayload.job(id, name)
                        .script(script.toArray(String[]::new))
                        .failureReasons(
                                "unknown_failure",
                                "script_failure",
                                "runner_system_failure",
                                "job_execution_timeout",
                                "runner_configuration_error",
                                "runner_external_dependency_failure",
                                "runner_interrupted");
        List<String> after = texts(job.get("after_script"));
        if (!after.isEmpty()) {
            payload.afterScript(after.toArray(String[]::new));
        }
        if (!sources) {
            payload.variable("GIT_STRATEGY", "none", "public");
        }
        payload.variable("CI_JOB_ID", String.valueOf(id), "public")
                .variable("CI_JOB_NAME", name, "public")
                .variable("CI_SERVER_VERSION_MAJOR", "18", "public")
                .variable("CI_SERVER_VERSION_MINOR", "0", "public");
        variables(job, payload);
        image(payload.node(), job.get("image"));
        for (Object service : list(job.get("services"))) {
            service(((ArrayNode) payload.node().path("services")).addObject(), service);
        }
        if (job.get("timeout") instanceof Integer seconds) {
            ((ObjectNode) payload.node().path("runner_info")).put("timeout", seconds);
        }
        artifacts(payload, job.get("artifacts"));
        for (Object cache : list(job.get("cache"))) {
            cache(payload, mapping(cache, "cache"));
        }
        List<String> needs = new ArrayList<>();
        List<String> dependencies = dependencies(job, needs);
        return new Wish(payload, dependencies, needs, idTokens(job.get("id_tokens")), end(job));
    }

    private static void requireKnown(Set<String> given, Set<String> known, String section) {
        Set<String> unknown = new TreeSet<>(given);
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "not understood: %s; there is %s"
                            .formatted(
                                    String.join(
                                            ", ", unknown.stream().map(section::concat).toList()),
                                    new TreeSet<>(known)));
        }
    }

    private static @Nullable Object parsed(String yaml) {
        try {
            return new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
        } catch (YAMLException e) {
            throw new IllegalArgumentException("not YAML: " + e.getMessage(), e);
        }
    }

    private static void variables(Map<String, Object> job, StubPayload payload) {
        if (job.get("variables") == null) {
            return;
        }
        mapping(job.get("variables"), "variables")
                .forEach((key, value) -> {
                    if (value instanceof Map<?, ?> detailed) {
                        payload.variable(
                                key,
                                String.valueOf(detailed.get("value")),
                                detailed.containsKey("traits")
                                        ? String.valueOf(detailed.get("traits"))
                                        : "public");
                    } else {
                        payload.variable(key, String.valueOf(value), "public");
                    }
                });
    }

    private static void image(ObjectNode node, @Nullable Object image) {
        if (image == null) {
            node.putNull("image");
            return;
        }
        ObjectNode made = node.putObject("image");
        container(made, image, "image:");
    }

    private static void service(ObjectNode made, Object service) {
        container(made, service, "services:");
        if (service instanceof Map<?, ?> given) {
            if (given.containsKey("alias")) {
                made.put("alias", String.valueOf(given.get("alias")));
            }
            words(made, "command", given.get("command"));
            if (given.get("variables") != null) {
                ArrayNode variables = made.putArray("variables");
                mapping(given.get("variables"), "services:variables")
                        .forEach((key, value) ->
                                variables
                                        .addObject()
                                        .put("key", key)
                                        .put("value", String.valueOf(value)));
            }
        }
    }

    private static void container(ObjectNode made, Object given, String section) {
        if (given instanceof Map<?, ?> keys) {
            requireKnown(
                    mapping(keys, section).keySet(),
                    section.equals("image:") ? IMAGE_KEYS : SERVICE_KEYS,
                    section);
            if (keys.get("docker") != null) {
                Map<String, Object> docker = mapping(keys.get("docker"), section + "docker");
                requireKnown(docker.keySet(), Set.of("user", "platform"), section + "docker:");
                ObjectNode options = made.putObject("executor_opts").putObject("docker");
                docker.forEach((key, value) -> options.put(key, String.valueOf(value)));
            }
            made.put("name", String.valueOf(keys.get("name")));
            words(made, "entrypoint", keys.get("entrypoint"));
            words(made, "pull_policy", keys.get("pull_policy"));
        } else {
            made.put("name", String.valueOf(given));
        }
    }

    private static void artifacts(StubPayload payload, @Nullable Object written) {
        if (written == null) {
            return;
        }
        Map<String, Object> artifacts = mapping(written, "artifacts");
        requireKnown(artifacts.keySet(), ARTIFACT_KEYS, "artifacts:");
        if (artifacts.containsKey("paths") || truth(artifacts.get("untracked"))) {
            ObjectNode archive = payload.artifact("archive", "zip", array(artifacts.get("paths")));
            text(archive, "name", artifacts.get("name"));
            text(archive, "when", artifacts.get("when"));
            text(archive, "expire_in", artifacts.get("expire_in"));
            words(archive, "exclude", artifacts.get("exclude"));
            archive.put("untracked", truth(artifacts.get("untracked")));
        }
        if (artifacts.get("reports") == null) {
            return;
        }
        mapping(artifacts.get("reports"), "artifacts:reports")
                .forEach((type, files) -> report(payload, type, files, artifacts));
    }

    /** The server keeps reports of failed jobs too, whatever the archive's when says. */
    private static void report(
            StubPayload payload, String written, Object files, Map<String, Object> artifacts) {
        String type = written;
        Object paths = files;
        List<String> known = REPORTS.get(written);
        if (written.equals("coverage_report")) {
            Map<String, Object> coverage = mapping(files, "artifacts:reports:coverage_report");
            type = String.valueOf(coverage.get("coverage_format"));
            paths = coverage.get("path");
            known = List.of(type + "-coverage.xml", "gzip");
        }
        if (known == null) {
            Set<String> all = new TreeSet<>(REPORTS.keySet());
            all.add("coverage_report");
            throw new IllegalArgumentException(
                    "not understood: artifacts:reports:%s; there is %s".formatted(written, all));
        }
        ObjectNode report = payload.artifact(type, known.get(1), array(paths));
        report.put("name", known.get(0)).put("when", "always");
        text(report, "expire_in", artifacts.get("expire_in"));
    }

    private static void cache(StubPayload payload, Map<String, Object> cache) {
        requireKnown(cache.keySet(), CACHE_KEYS, "cache:");
        Object key = cache.getOrDefault("key", "default");
        if (key instanceof Map<?, ?>) {
            throw new IllegalArgumentException(
                    "not understood: cache:key with files or prefix: write the key itself");
        }
        // The server keeps those of protected branches apart.
        ObjectNode made = payload.cache(key + "-non_protected", array(cache.get("paths")));
        text(made, "policy", cache.get("policy"));
        text(made, "when", cache.get("when"));
        made.put("untracked", truth(cache.get("untracked")));
        words(
                made,
                "fallback_keys",
                texts(cache.get("fallback_keys")).stream()
                        .map(one -> one + "-non_protected")
                        .toList());
    }

    private static List<String> dependencies(Map<String, Object> job, List<String> needs) {
        List<String> wanted = new ArrayList<>();
        for (Object need : list(job.get("needs"))) {
            if (need instanceof Map<?, ?> keys) {
                requireKnown(
                        mapping(keys, "needs").keySet(),
                        Set.of("job", "artifacts", "optional"),
                        "needs:");
                String name = String.valueOf(keys.get("job"));
                needs.add(name);
                if (!keys.containsKey("artifacts") || truth(keys.get("artifacts"))) {
                    wanted.add(name);
                }
            } else {
                needs.add(String.valueOf(need));
                wanted.add(String.valueOf(need));
            }
        }
        if (job.containsKey("dependencies")) {
            List<String> dependencies = texts(job.get("dependencies"));
            needs.addAll(dependencies);
            return dependencies;
        }
        return wanted;
    }

    private static Map<String, List<String>> idTokens(@Nullable Object written) {
        Map<String, List<String>> tokens = new LinkedHashMap<>();
        if (written != null) {
            mapping(written, "id_tokens")
                    .forEach((name, token) -> {
                        Map<String, Object> keys = mapping(token, "id_tokens:" + name);
                        requireKnown(keys.keySet(), Set.of("aud"), "id_tokens:" + name + ":");
                        if (texts(keys.get("aud")).isEmpty()) {
                            throw new IllegalArgumentException(
                                    "id_tokens:" + name + ":aud is missing");
                        }
                        tokens.put(name, texts(keys.get("aud")));
                    });
        }
        return tokens;
    }

    private static End end(Map<String, Object> job) {
        Object allow = job.get("allow_failure");
        Set<String> codes = new HashSet<>();
        if (allow instanceof Map<?, ?> keys) {
            requireKnown(
                    mapping(keys, "allow_failure").keySet(),
                    Set.of("exit_codes"),
                    "allow_failure:");
            codes.addAll(texts(keys.get("exit_codes")));
        }
        Object retry = job.get("retry");
        Object most = retry;
        Set<String> reasons = new HashSet<>();
        if (retry instanceof Map<?, ?> keys) {
            requireKnown(mapping(keys, "retry").keySet(), Set.of("max", "when"), "retry:");
            most = keys.containsKey("max") ? keys.get("max") : MOST_RETRIES;
            reasons.addAll(texts(keys.get("when")));
        }
        int retries = most instanceof Integer number ? number : 0;
        if (retries < 0 || retries > MOST_RETRIES || (most != null && !(most instanceof Integer))) {
            throw new IllegalArgumentException("retry must be 0 to " + MOST_RETRIES);
        }
        return new End(!codes.isEmpty() || truth(allow), codes, retries, reasons);
    }

    private static void text(ObjectNode made, String key, @Nullable Object given) {
        if (given != null) {
            made.put(key, String.valueOf(given));
        }
    }

    private static void words(ObjectNode made, String key, @Nullable Object given) {
        if (given != null) {
            ArrayNode list = made.putArray(key);
            texts(given).forEach(list::add);
        }
    }

    private static boolean truth(@Nullable Object value) {
        return Boolean.TRUE.equals(value);
    }

    private static String[] array(@Nullable Object value) {
        return texts(value).toArray(String[]::new);
    }

    private static Map<String, Object> mapping(@Nullable Object value, String what) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(what + " is no mapping of keys to values");
        }
        Map<String, Object> mapping = new LinkedHashMap<>();
        map.forEach((key, one) -> mapping.put(String.valueOf(key), one));
        return mapping;
    }

    private static List<?> list(@Nullable Object value) {
        return value == null ? List.of() : value instanceof List<?> list ? list : List.of(value);
    }

    /** Lists within lists too, as anchors make them. */
    private static List<String> texts(@Nullable Object value) {
        List<String> texts = new ArrayList<>();
        for (Object one : list(value)) {
            if (one instanceof List<?>) {
                texts.addAll(texts(one));
            } else {
                texts.add(String.valueOf(one));
            }
        }
        return texts;
    }
}
