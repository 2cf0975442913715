package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.Dependency;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.SecretValue;
import dev.mayfly.source.gitlab.JobPayload.ArtifactWish;
import dev.mayfly.source.gitlab.JobPayload.CacheWish;
import dev.mayfly.source.gitlab.JobPayload.Fetch;
import dev.mayfly.source.gitlab.JobPayload.GitFacts;
import dev.mayfly.source.gitlab.JobPayload.Image;
import dev.mayfly.source.gitlab.JobPayload.JobFacts;
import dev.mayfly.source.gitlab.JobPayload.ProjectFacts;
import dev.mayfly.source.gitlab.JobPayload.SecretWish;
import dev.mayfly.source.gitlab.JobPayload.ServerFeatures;
import dev.mayfly.source.gitlab.JobPayload.Service;
import dev.mayfly.source.gitlab.JobPayload.Step;
import dev.mayfly.source.gitlab.JobPayload.Transfers;
import dev.mayfly.source.gitlab.JobPayload.Variable;
import dev.mayfly.source.gitlab.JobPayload.Variable.Trait;
import dev.mayfly.source.gitlab.JobPayload.VaultPlace;
import dev.mayfly.source.gitlab.JobPayload.Work;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the job that a server hands out. Unknown fields are ignored and absent lists are empty, as
 * servers of many versions need it; what a job cannot be run without must be there.
 */
final class PayloadReader {

    /** Where the server sets none. */
    private static final Duration USUAL_TIMEOUT = Duration.ofHours(2);

    private static final Pattern SHA = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
    private static final Pattern CREDENTIALS = Pattern.compile("^([a-z+]+://)[^/@]*@");
    private static final Pattern SCHEME_OR_END = Pattern.compile("^https?://|/+$");
    private static final Set<String> HOOKS =
            Set.of("pre_get_sources_script", "post_get_sources_script");
    private static final Set<String> IMAGE_OPTIONS = Set.of("platform", "user");

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    private final JsonNode root;

    private PayloadReader(JsonNode root) {
        this.root = root;
    }

    /**
     * Reads a payload.
     *
     * @throws PayloadException naming the first field that is missing or wrong
     */
    static JobPayload read(JsonNode root) throws PayloadException {
        return new PayloadReader(root).payload();
    }

    private JobPayload payload() throws PayloadException {
        GitLabToken token = token();
        if (token == null || job() == null) {
            throw wrong("id and token", "must be there");
        }
        return new JobPayload(facts(), token, git(), work(), transfers());
    }

    private JobFacts facts() throws PayloadException {
        JsonNode info = root.path("job_info");
        return new JobFacts(
                root.path("id").asLong(),
                required(info, "job_info", "name"),
                text(info, "stage"),
                new ProjectFacts(
                        info.path("project_id").asLong(),
                        text(info, "project_full_path"),
                        text(info, "pipeline_id"),
                        text(info, "user_id")),
                server());
    }

    private ServerFeatures server() {
        JsonNode features = root.path("features");
        return new ServerFeatures(
                features.path("trace_sections").asBoolean(),
                new HashSet<>(texts(features.path("failure_reasons"))),
                texts(features.path("token_mask_prefixes")));
    }

    private GitFacts git() throws PayloadException {
        JsonNode git = root.path("git_info");
        String sha = required(git, "git_info", "sha");
        if (!SHA.matcher(sha).matches()) {
            throw wrong("git_info.sha", "must be a full hash");
        }
        return new GitFacts(
                CREDENTIALS.matcher(required(git, "git_info", "repo_url")).replaceFirst("$1"),
                required(git, "git_info", "ref"),
                text(git, "ref_type").equals("tag"),
                sha,
                git.path("protected").asBoolean(),
                new Fetch(
                        texts(git.path("refspecs")),
                        git.path("depth").asInt(),
                        root.path("allow_git_fetch").asBoolean()));
    }

    private Work work() throws PayloadException {
        long seconds = root.path("runner_info").path("timeout").asLong();
        List<Service> services = new ArrayList<>();
        for (JsonNode service : root.path("services")) {
            services.add(service(service));
        }
        JsonNode image = root.path("image");
        return new Work(
                steps(),
                seconds > 0 ? Duration.ofSeconds(seconds) : USUAL_TIMEOUT,
                variables(root.path("variables"), "variables"),
                text(image, "name").isEmpty() ? null : image(image, "image"),
                services,
                new GitFetch.Hooks(hook("pre_get_sources_script"), hook("post_get_sources_script")),
                secrets(),
                beyond());
    }

    private List<Step> steps() throws PayloadException {
        List<Step> steps = new ArrayList<>();
        for (JsonNode step : root.path("steps")) {
            steps.add(new Step(required(step, "steps[]", "name"), texts(step.path("script"))));
        }
        boolean script =
                steps.stream()
                        .anyMatch(step -> step.name().equals("script") && !step.script().isEmpty());
        if (!script && text(root, "run").isEmpty()) {
            throw wrong("steps", "must have a script with at least one line");
        }
        if (script && !text(root, "run").isEmpty()) {
            throw wrong("run", "must not stand beside script");
        }
        return steps;
    }

    private List<Variable> variables(JsonNode list, String field) throws PayloadException {
        List<Variable> variables = new ArrayList<>();
        for (JsonNode node : list) {
            Set<Trait> traits = EnumSet.noneOf(Trait.class);
            for (Trait trait : Trait.values()) {
                if (node.path(trait.name().toLowerCase(java.util.Locale.ROOT)).asBoolean()) {
                    traits.add(trait);
                }
            }
            variables.add(
                    new Variable(required(node, field + "[]", "key"), text(node, "value"), traits));
        }
        return variables;
    }

    private Image image(JsonNode node, String field) throws PayloadException {
        JsonNode options = node.path("executor_opts").path("docker");
        for (String name : (Iterable<String>) options::fieldNames) {
            if (!IMAGE_OPTIONS.contains(name)) {
                throw wrong(field + ".executor_opts.docker", "has the unknown key " + name);
            }
        }
        JsonNode entrypoint = node.path("entrypoint");
        return new Image(
                required(node, field, "name"),
                entrypoint.isArray() && !entrypoint.isEmpty() ? texts(entrypoint) : null,
                texts(node.path("pull_policy")),
                options.hasNonNull("user") ? options.path("user").asText() : null,
                options.hasNonNull("platform") ? options.path("platform").asText() : null);
    }

    private Service service(JsonNode node) throws PayloadException {
        List<String> aliases = new ArrayList<>();
        for (String alias : text(node, "alias").split("[ ,]+", -1)) {
            if (!alias.isEmpty()) {
                aliases.add(alias);
            }
        }
        return new Service(
                image(node, "services[]"),
                aliases,
                texts(node.path("command")),
                variables(node.path("variables"), "services[].variables"));
    }

    private List<String> hook(String name) {
        List<String> lines = new ArrayList<>();
        for (JsonNode hook : root.path("hooks")) {
            if (text(hook, "name").equals(name)) {
                lines.addAll(texts(hook.path("script")));
            }
        }
        return lines;
    }

    private Map<String, SecretWish> secrets() {
        Map<String, SecretWish> secrets = new LinkedHashMap<>();
        root.path("secrets")
                .properties()
                .forEach(secret -> {
                    JsonNode node = secret.getValue();
                    JsonNode file = node.path("file");
                    List<String> providers = new ArrayList<>();
                    node.properties().stream()
                            .filter(part -> part.getValue().isObject())
                            .forEach(part -> providers.add(part.getKey()));
                    secrets.put(
                            secret.getKey(),
                            new SecretWish(
                                    !file.isBoolean() || file.asBoolean(),
                                    providers,
                                    node.path("vault").isObject()
                                            ? vault(node.path("vault"))
                                            : null));
                });
        return secrets;
    }

    private static VaultPlace vault(JsonNode node) {
        JsonNode server = node.path("server");
        JsonNode auth = server.path("auth");
        return new VaultPlace(
                text(server, "url"),
                text(server, "namespace"),
                text(auth, "name"),
                text(auth, "path"),
                text(auth.path("data"), "role"),
                text(auth.path("data"), "jwt"),
                text(node.path("engine"), "name"),
                text(node.path("engine"), "path"),
                text(node, "path"),
                text(node, "field"));
    }

    /** What a job asks for and this reader has no record for: to be named, never dropped. */
    private List<String> beyond() {
        List<String> beyond = new ArrayList<>();
        for (String keyword : List.of("run", "inputs", "suspend_options")) {
            JsonNode node = root.path(keyword);
            if (node.isTextual() ? !node.asText().isEmpty() : !node.isEmpty()) {
                beyond.add(keyword);
            }
        }
        for (JsonNode hook : root.path("hooks")) {
            if (!HOOKS.contains(text(hook, "name"))) {
                beyond.add("hooks:" + text(hook, "name"));
            }
        }
        return beyond;
    }

    private Transfers transfers() throws PayloadException {
        List<RegistryLogin> registries = new ArrayList<>();
        for (JsonNode credential : root.path("credentials")) {
            if ("registry".equals(text(credential, "type"))) {
                registries.add(
                        new RegistryLogin(
                                SCHEME_OR_END.matcher(text(credential, "url")).replaceAll(""),
                                text(credential, "username"),
                                new SecretValue(text(credential, "password").getBytes(UTF_8))));
            }
        }
        List<Dependency> dependencies = new ArrayList<>();
        Map<String, GitLabToken> tokens = new HashMap<>();
        for (JsonNode dependency : root.path("dependencies")) {
            JsonNode file = dependency.path("artifacts_file");
            String id = text(dependency, "id");
            if (text(file, "filename").isEmpty()) {
                continue;
            }
            if (!NUMBER.matcher(id).matches()) {
                throw wrong("dependencies[].id", "must be a number");
            }
            dependencies.add(
                    new Dependency(id, text(dependency, "name"), file.path("size").asLong()));
            try {
                tokens.put(id, new GitLabToken(text(dependency, "token")));
            } catch (IllegalArgumentException e) {
                throw wrong("dependencies[].token", "must be there");
            }
        }
        return new Transfers(artifacts(), caches(), dependencies, tokens, registries);
    }

    private List<ArtifactWish> artifacts() {
        List<ArtifactWish> artifacts = new ArrayList<>();
        for (JsonNode node : root.path("artifacts")) {
            String type = text(node, "artifact_type");
            artifacts.add(
                    new ArtifactWish(
                            type.isEmpty() ? "archive" : type,
                            text(node, "artifact_format"),
                            text(node, "name"),
                            text(node, "expire_in"),
                            text(node, "when"),
                            files(node)));
        }
        return artifacts;
    }

    private List<CacheWish> caches() {
        List<CacheWish> caches = new ArrayList<>();
        for (JsonNode node : root.path("cache")) {
            caches.add(
                    new CacheWish(
                            text(node, "key"),
                            texts(node.path("fallback_keys")),
                            text(node, "policy"),
                            text(node, "when"),
                            files(node)));
        }
        return caches;
    }

    private static FileSelection files(JsonNode node) {
        return new FileSelection(
                texts(node.path("paths")),
                texts(node.path("exclude")),
                node.path("untracked").asBoolean());
    }

    private @Nullable Long job() {
        return root.path("id").canConvertToLong() && root.path("id").asLong() > 0
                ? Long.valueOf(root.path("id").asLong())
                : null;
    }

    private @Nullable GitLabToken token() {
        try {
            return new GitLabToken(text(root, "token"));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private String required(JsonNode node, String parent, String field) throws PayloadException {
        String value = text(node, field);
        if (value.isEmpty()) {
            throw wrong(parent + "." + field, "must be there");
        }
        return value;
    }

    /** Of a text, a number or a boolean; empty when there is none. */
    private static String text(JsonNode node, String field) {
        return node.hasNonNull(field) ? node.path(field).asText() : "";
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(one -> texts.add(one.isNull() ? "" : one.asText()));
        return texts;
    }

    private PayloadException wrong(String field, String rule) {
        return new PayloadException(
                "the server's job cannot be read: " + field + " " + rule, addressee());
    }

    /** What is there of it, whatever else is wrong. */
    private PayloadException.@Nullable Addressee addressee() {
        Long job = job();
        GitLabToken token = token();
        if (job == null || token == null) {
            return null;
        }
        List<Variable> variables = new ArrayList<>();
        for (JsonNode node : root.path("variables")) {
            variables.add(new Variable(text(node, "key"), text(node, "value"), Set.of()));
        }
        return new PayloadException.Addressee(job, token, server(), Work.stamped(variables));
    }
}
