package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
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
 * server makes of it, without pipelines, without sources. What is not understood is refused.
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
                    "timeout");

    private StubJobFile() {}

    /**
     * The job's payload.
     *
     * @param yaml a job's keys, or one job below its name
     * @throws IllegalArgumentException saying what is not understood
     */
    static StubPayload payload(long id, String yaml) {
        Map<String, Object> job = mapping(parsed(yaml), "the file");
        String name = "job";
        if (job.size() == 1 && !KEYS.contains(job.keySet().iterator().next())) {
            name = job.keySet().iterator().next();
            job = mapping(job.get(name), name);
        }
        Set<String> unknown = new TreeSet<>(job.keySet());
        unknown.removeAll(KEYS);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "not understood: %s; there is %s"
                            .formatted(String.join(", ", unknown), new TreeSet<>(KEYS)));
        }
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
        payload.variable("GIT_STRATEGY", "none", "public")
                .variable("CI_JOB_ID", String.valueOf(id), "public")
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
        return payload;
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
        container(made, image);
    }

    private static void service(ObjectNode made, Object service) {
        container(made, service);
        if (service instanceof Map<?, ?> given) {
            if (given.containsKey("alias")) {
                made.put("alias", String.valueOf(given.get("alias")));
            }
            words(made, "command", given.get("command"));
        }
    }

    private static void container(ObjectNode made, Object given) {
        if (given instanceof Map<?, ?> keys) {
            made.put("name", String.valueOf(keys.get("name")));
            words(made, "entrypoint", keys.get("entrypoint"));
            words(made, "pull_policy", keys.get("pull_policy"));
        } else {
            made.put("name", String.valueOf(given));
        }
    }

    private static void words(ObjectNode made, String key, @Nullable Object given) {
        if (given != null) {
            ArrayNode list = made.putArray(key);
            texts(given).forEach(list::add);
        }
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
