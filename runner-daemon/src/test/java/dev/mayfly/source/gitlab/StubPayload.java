package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Makes job payloads as a GitLab server sends them: a small complete one, then what a test adds.
 */
public final class StubPayload {

    private final ObjectNode node = JsonNodeFactory.instance.objectNode();

    private StubPayload(long id, String name) {
        String token = "glcbt-64_stub-job-token-" + id;
        node.put("id", id).put("token", token).put("allow_git_fetch", true);
        node.putObject("job_info")
                .put("id", id)
                .put("name", name)
                .put("stage", "test")
                .put("project_id", 7)
                .put("project_name", "demo")
                .put("time_in_queue_seconds", 0.5)
                .put("project_jobs_running_on_instance_runners_count", "+Inf");
        ObjectNode git = node.putObject("git_info");
        git.put("repo_url", "http://gitlab-ci-token:" + token + "@git.local/group/demo.git")
                .put("repo_object_format", "sha1")
                .put("ref", "main")
                .put("sha", "da39a3ee5e6b4b0d3255bfef95601890afd80709")
                .put("before_sha", "0000000000000000000000000000000000000000")
                .put("ref_type", "branch")
                .put("depth", 20)
                .put("protected", false);
        git.putArray("refspecs")
                .add("+refs/pipelines/55:refs/pipelines/55")
                .add("+refs/heads/main:refs/remotes/origin/main");
        ObjectNode runner = node.putObject("runner_info").put("timeout", 3600);
        runner.putNull("runner_session_url");
        node.putArray("variables");
        node.putArray("steps");
        step("script", "on_success", false, List.of("echo hello"));
        ObjectNode image = node.putObject("image").put("name", "alpine:3.20");
        image.putNull("entrypoint");
        image.putObject("executor_opts");
        image.putArray("ports");
        image.putNull("pull_policy");
        node.putArray("services");
        node.putNull("artifacts");
        node.putArray("cache");
        node.putArray("credentials");
        node.putArray("dependencies");
        ObjectNode features = node.putObject("features").put("trace_sections", true);
        features.putArray("token_mask_prefixes").add("glpat-");
        features.putArray("failure_reasons")
                .add("unknown_failure")
                .add("script_failure")
                .add("runner_system_failure")
                .add("job_execution_timeout");
    }

    /** A job with one line of script and no variables. */
    public static StubPayload job(long id, String name) {
        return new StubPayload(id, name);
    }

    /** Replaces the script. */
    public StubPayload script(String... lines) {
        steps().removeAll();
        return step("script", "on_success", false, List.of(lines));
    }

    /** Adds what runs afterwards. */
    public StubPayload afterScript(String... lines) {
        return step("after_script", "always", true, List.of(lines));
    }

    /** Adds a step. */
    public StubPayload step(String name, String when, boolean mayFail, List<String> lines) {
        ObjectNode step =
                steps().addObject()
                        .put("name", name)
                        .put("timeout", 3600)
                        .put("when", when)
                        .put("allow_failure", mayFail);
        ArrayNode script = step.putArray("script");
        lines.forEach(script::add);
        return this;
    }

    /** Adds an ordinary variable. */
    public StubPayload variable(String key, String value) {
        return variable(key, value, "");
    }

    /**
     * Adds a variable.
     *
     * @param traits any of {@code public}, {@code masked}, {@code file}, {@code raw}, with blanks
     *     in between
     */
    public StubPayload variable(String key, String value, String traits) {
        List<String> words = List.of(traits.split(" ", -1));
        ((ArrayNode) node.path("variables"))
                .addObject()
                .put("key", key)
                .put("value", value)
                .put("public", words.contains("public"))
                .put("masked", words.contains("masked"))
                .put("file", words.contains("file"))
                .put("raw", words.contains("raw"));
        return this;
    }

    /** The features that this server says it has failure reasons for, replacing the usual ones. */
    public StubPayload failureReasons(String... reasons) {
        ArrayNode list = ((ObjectNode) node.path("features")).putArray("failure_reasons");
        List.of(reasons).forEach(list::add);
        return this;
    }

    /**
     * Adds files to keep.
     *
     * @param type for example {@code archive} or {@code junit}
     * @param format {@code zip}, {@code gzip} or {@code raw}
     * @return to add to
     */
    public ObjectNode artifact(String type, String format, String... paths) {
        if (!node.path("artifacts").isArray()) {
            node.putArray("artifacts");
        }
        ObjectNode artifact =
                ((ArrayNode) node.path("artifacts"))
                        .addObject()
                        .put("artifact_type", type)
                        .put("artifact_format", format)
                        .put("when", "on_success")
                        .put("untracked", false);
        artifact.putNull("name").putNull("expire_in");
        artifact.putNull("exclude");
        ArrayNode list = artifact.putArray("paths");
        List.of(paths).forEach(list::add);
        return artifact;
    }

    /**
     * Adds files to find again.
     *
     * @return to add to
     */
    public ObjectNode cache(String key, String... paths) {
        ObjectNode cache =
                ((ArrayNode) node.path("cache"))
                        .addObject()
                        .put("key", key)
                        .put("policy", "pull-push")
                        .put("when", "on_success")
                        .put("untracked", false);
        cache.putArray("fallback_keys");
        ArrayNode list = cache.putArray("paths");
        List.of(paths).forEach(list::add);
        return cache;
    }

    /** Adds a job whose artifacts are wanted. */
    public StubPayload dependency(StubJob job, long size) {
        return dependency("earlier", job, size);
    }

    /** Adds a job whose artifacts are wanted, if it has any. */
    StubPayload dependency(String name, StubJob job) {
        byte[] archive = job.download;
        if (archive != null) {
            return dependency(name, job, archive.length);
        }
        ((ArrayNode) node.path("dependencies"))
                .addObject()
                .put("id", job.id())
                .put("name", name)
                .put("token", job.token());
        return this;
    }

    private StubPayload dependency(String name, StubJob job, long size) {
        ObjectNode dependency =
                ((ArrayNode) node.path("dependencies"))
                        .addObject()
                        .put("id", job.id())
                        .put("name", name)
                        .put("token", job.token());
        dependency.putObject("artifacts_file").put("filename", "artifacts.zip").put("size", size);
        return this;
    }

    /**
     * Adds a secret of Vault, as the server makes it of {@code secrets:NAME:vault} and of {@code
     * id_tokens:VAULT_ID_TOKEN}.
     *
     * @param role empty where the project names none
     * @param engine its name and its path, with a colon in between
     * @param field the path and the field, with a hash in between
     * @return the secret, to add to
     */
    public ObjectNode vaultSecret(
            String name, String url, String role, String engine, String field) {
        ObjectNode secrets =
                node.path("secrets").isObject()
                        ? (ObjectNode) node.path("secrets")
                        : node.putObject("secrets");
        ObjectNode secret = secrets.putObject(name);
        ObjectNode vault = secret.putObject("vault");
        ObjectNode server = vault.putObject("server").put("url", url).put("namespace", "");
        ObjectNode auth = server.putObject("auth").put("name", "jwt").put("path", "jwt");
        auth.putObject("data").put("jwt", "$VAULT_ID_TOKEN").put("role", role);
        vault.putObject("engine")
                .put("name", engine.substring(0, engine.indexOf(':')))
                .put("path", engine.substring(engine.indexOf(':') + 1));
        vault.put("path", field.substring(0, field.indexOf('#')))
                .put("field", field.substring(field.indexOf('#') + 1));
        return secret;
    }

    /** The payload itself, for what has no method here. */
    public ObjectNode node() {
        return node;
    }

    private ArrayNode steps() {
        return (ArrayNode) node.path("steps");
    }
}
