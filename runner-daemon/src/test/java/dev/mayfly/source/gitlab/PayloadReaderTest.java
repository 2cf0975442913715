package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.CacheUse;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.Provenance;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.Transfers;
import dev.mayfly.job.When;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.gitlab.JobPayload.Variable;
import dev.mayfly.source.gitlab.JobPayload.Variable.Trait;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a payload is needed, what may be missing, and what becomes of it. */
class PayloadReaderTest {

    @Test
    void unknownFieldsAndNullsAreNoMatter() throws Exception {
        ObjectNode node = StubPayload.job(1, "test").node();
        node.put("brand_new", true);
        for (String list :
                List.of("variables", "services", "artifacts", "cache", "credentials", "hooks")) {
            node.putNull(list);
        }
        node.putNull("image");
        node.putNull("features");
        node.remove("dependencies");
        node.remove("runner_info");
        JobPayload payload = PayloadReader.read(node);

        assertThat(payload.work().image()).isNull();
        assertThat(payload.work().timeout()).isEqualTo(Duration.ofHours(2));
        assertThat(payload.facts().server().sections()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "token, '', id and token",
        "job_info, name, job_info.name",
        "git_info, sha, git_info.sha",
        "git_info, repo_url, git_info.repo_url",
        "steps, '', steps"
    })
    void missingFieldIsNamed(String parent, String field, String named) {
        ObjectNode node = StubPayload.job(1, "test").node();
        if (field.isEmpty()) {
            node.remove(parent);
        } else {
            ((ObjectNode) node.path(parent)).remove(field);
        }
        assertThat(problem(node)).contains(named).doesNotContain("stub-job-token");
    }

    @Test
    void unknownImageOptionIsNoJob() {
        ObjectNode node = StubPayload.job(1, "test").node();
        ((ObjectNode) node.path("image").path("executor_opts"))
                .putObject("docker")
                .put("flavour", "x");
        assertThat(problem(node)).contains("image.executor_opts.docker", "flavour");
    }

    @Test
    void scriptAndRunTogetherAreNoJob() {
        ObjectNode node = StubPayload.job(1, "test").node();
        node.put("run", "[]");
        assertThat(problem(node)).contains("run must not stand beside script");
    }

    @Test
    void jobTokenIsTakenOutOfTheRepositorysAddress() throws Exception {
        JobPayload payload = PayloadReader.read(StubPayload.job(1, "test").node());

        assertThat(payload.git().url()).isEqualTo("http://git.local/group/demo.git");
        assertThat(payload.toString()).doesNotContain("stub-job-token");
    }

    @Test
    void valuesOfVariablesAreNotPrinted() throws Exception {
        StubPayload job = StubPayload.job(1, "test").variable("PASSWORD", "canary", "masked");

        assertThat(PayloadReader.read(job.node()).toString())
                .contains("PASSWORD")
                .doesNotContain("canary");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "$A|a",
                "${A}${B}|ab",
                "$AB|''",
                "$$A|$A",
                "x$?y$1z|xyz",
                "${MISSING}.|.",
                "$|$",
                "a$ b|a$ b",
                "${A|${A",
                "$NESTED|$A",
                "$FILE|/files/FILE"
            })
    void referencesAreResolvedOnce(String text, String expected) {
        JobVariables variables =
                JobVariables.of(
                        List.of(
                                new Variable("A", "old", Set.of()),
                                new Variable("A", "a", Set.of()),
                                new Variable("B", "b", Set.of()),
                                new Variable("NESTED", "$A", Set.of(Trait.RAW)),
                                new Variable("FILE", "content", Set.of(Trait.FILE)),
                                new Variable("TEXT", text, Set.of())),
                        name -> "/files/" + name);
        assertThat(variables.value("TEXT")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "postgres:16, postgres",
        "registry.local:5000/team/db@sha256:aa, registry.local-team-db",
        "team/db, team-db"
    })
    void servicesAreNamedAfterTheirImages(String image, String name) {
        assertThat(ServiceSpec.namesOf(image)).contains(name, name.replace("-", "__"));
    }

    @Test
    void nothingOfAJobIsLostSilently() throws Exception {
        assertThat(
                        lacking(node ->
                                node.putArray("artifacts")
                                        .addObject()
                                        .put("artifact_format", "tarzstd")))
                .contains("artifacts packed as tarzstd");
        assertThat(
                        mistaken(node ->
                                node.putArray("artifacts").addObject().put("when", "sometimes")))
                .containsExactly(
                        "artifacts:when of archive is \"sometimes\": allowed are on_success, on_failure and always");
        assertThat(lacking(node -> node.putObject("secrets").putObject("A")))
                .contains("the secret A, which names no provider");
        assertThat(lacking(node -> node.putArray("hooks").addObject().put("name", "other_script")))
                .contains("the keyword hooks:other_script");
        assertThat(
                        mistaken(node ->
                                ((ObjectNode) node.path("image"))
                                        .putArray("pull_policy")
                                        .add("sometimes")))
                .containsExactly(
                        "image:pull_policy is \"sometimes\": allowed are always, if-not-present and never");
        assertThat(
                        lacking(node -> {
                            ObjectNode step =
                                    ((ArrayNode) node.path("steps"))
                                            .addObject()
                                            .put("name", "../release");
                            step.putArray("script").add("release");
                        }))
                .contains("a step whose name is no word");
    }

    @Test
    void jobKnowsWhatGitLabsRunnerTellsOfItself() throws Exception {
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable("CI_JOB_STATUS", "a job's word counts more")
                        .variable("CI_RUNNER_VERSION", "and here it does not");

        assertThat(mapped(payload).inputs().variables())
                .containsEntry("CI_JOB_IMAGE", "alpine:3.20")
                .containsEntry("CI_RUNNER_SHORT_TOKEN", "abcdefghi")
                .containsEntry("CI_BUILDS_DIR", "/workspace")
                .containsEntry("CI_PROJECT_DIR", "/workspace/src")
                .containsEntry("CI_CONCURRENT_ID", "0")
                .containsEntry("CI_CONCURRENT_PROJECT_ID", "0")
                .containsEntry("CI_SERVER", "yes")
                .containsEntry("CI_JOB_STATUS", "a job's word counts more")
                .containsEntry("CI_JOB_TIMEOUT", "3600")
                .containsEntry("CI_DISPOSABLE_ENVIRONMENT", "true")
                .containsEntry("CI_RUNNER_VERSION", "0.1.0")
                .containsEntry("CI_RUNNER_REVISION", "abcdef0")
                .containsEntry("CI_RUNNER_EXECUTABLE_ARCH", "linux/amd64")
                .containsEntry("RUNNER_TEMP_PROJECT_DIR", "/tmp");
    }

    @Test
    void variablesOfTheRunnerComeBeforeThoseOfTheJobAndReachServices() throws Exception {
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable("ZONE", "example", "public")
                        .variable("WORD", "the job's");
        ((ArrayNode) payload.node().path("services")).addObject().put("name", "db:1");
        JobSpec spec = mapped(payload);

        assertThat(spec.inputs().variables())
                .containsEntry("PROXY", "http://proxy.example:3128")
                .containsEntry("WORD", "the job's");
        assertThat(spec.environment().services().getFirst().variables())
                .containsEntry("PROXY", "http://proxy.example:3128")
                .doesNotContainKey("WORD");
    }

    @Test
    void artifactsSayWhereTheyComeFromWhereTheJobWishesIt() throws Exception {
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable("RUNNER_GENERATE_ARTIFACTS_METADATA", "true")
                        .variable("SLSA_PROVENANCE_SCHEMA_VERSION", "v0.2")
                        .variable("CI_RUNNER_ID", "12")
                        .variable("CI_RUNNER_DESCRIPTION", "build host")
                        .variable("PASSWORD", "canary-value", "masked");
        payload.artifact("archive", "zip", "dist").put("name", "the/app");
        payload.artifact("junit", "gzip", "junit.xml");
        JobMapping.Result.Mapped mapped = (JobMapping.Result.Mapped) result(payload.node());
        Provenance provenance =
                Objects.requireNonNull(
                        mapped.transfers().artifacts().getFirst().packing().provenance());
        TreeMap<String, String> digests = new TreeMap<>(Map.of("dist/a", "0a", "dist/b", "0b"));
        byte[] bytes = provenance.statement(digests);
        JsonNode statement = Json.tree(bytes);
        JsonNode definition = statement.path("predicate").path("buildDefinition");

        assertThat(provenance.fileName()).isEqualTo("the_app-metadata.json");
        assertThat(provenance.statement(digests)).isEqualTo(bytes);
        assertThat(statement.path("_type").asText()).isEqualTo("https://in-toto.io/Statement/v0.1");
        assertThat(statement.path("predicateType").asText())
                .isEqualTo("https://slsa.dev/provenance/v1");
        assertThat(statement.path("subject").toString())
                .isEqualTo(
                        "[{\"name\":\"dist/a\",\"digest\":{\"sha256\":\"0a\"}},{\"name\":\"dist/b\",\"digest\":{\"sha256\":\"0b\"}}]");
        assertThat(definition.path("externalParameters").path("PASSWORD").asText("none")).isEmpty();
        assertThat(definition.path("externalParameters").path("entryPoint").asText())
                .isEqualTo("test");
        assertThat(definition.path("internalParameters").toString())
                .isEqualTo(
                        "{\"name\":\"build host\",\"executor\":\"docker\",\"architecture\":\"amd64\",\"job\":\"1\"}");
        assertThat(definition.path("resolvedDependencies").toString())
                .isEqualTo(
                        "[{\"uri\":\"http://git.local/group/demo\",\"digest\":{\"gitCommit\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}}]");
        assertThat(statement.at("/predicate/runDetails/builder/id").asText())
                .isEqualTo("http://git.local/group/demo/-/runners/12");
        assertThat(statement.toString()).doesNotContain("canary", "glcbt");
        assertThat(mapped.transfers().artifacts().get(1).packing().provenance()).isNull();
        assertThat(mapped.skipped())
                .containsExactly(
                        "SLSA_PROVENANCE_SCHEMA_VERSION other than v1: statements are of v1");
    }

    @Test
    void whatTheServerAddsToTheScriptIsRunAsItIs() throws Exception {
        String release = "release-cli create --name \"$NAME\" --description \"$TEXT\"";
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable("NAME", "v1")
                        .variable("TEXT", "`rm -rf .`")
                        .step("release", "on_success", false, List.of(release))
                        .afterScript("echo after");
        Steps steps = mapped(payload).steps();

        assertThat(steps.script()).containsExactly("echo hello");
        // The shell puts the values in, so that none of them is a command.
        assertThat(steps.further()).containsExactly(new Steps.Further("release", List.of(release)));
        assertThat(steps.afterScript()).containsExactly("echo after");
    }

    @Test
    void valuesThatNobodyMaySeeAreApartFromTheOthers() throws Exception {
        Inputs inputs =
                mapped(
                                StubPayload.job(1, "test")
                                        .variable("PLAIN", "<$PASSWORD>", "public")
                                        .variable("PASSWORD", "earlier-value", "masked")
                                        .variable("PASSWORD", "pa$$word$HOME", "masked raw")
                                        .variable("EMPTY", "", "masked")
                                        .variable("NOTES", "one\n$PASSWORD", "file")
                                        .variable("KEY", "-----BEGIN", "file masked raw"))
                        .inputs();

        assertThat(inputs.variables())
                .containsEntry("PLAIN", "<pa$$word$HOME>")
                .containsEntry("EMPTY", "")
                .doesNotContainKeys("PASSWORD", "NOTES", "KEY");
        assertThat(inputs.handed().stream().map(PayloadReaderTest::words))
                .containsExactly(
                        "PASSWORD=earlier-value [MASKED]",
                        "PASSWORD=pa$$word$HOME [MASKED, VARIABLE]",
                        "NOTES=one\npa$$word$HOME [FILE]",
                        "KEY=-----BEGIN [FILE, MASKED]",
                        "CI_JOB_TOKEN=glcbt-64_stub-job-token-1 [MASKED]");
        assertThat(inputs.toString()).doesNotContain("earlier-value", "BEGIN");
    }

    private static String words(HandedValue value) {
        return value.name()
                + "="
                + new String(value.value().reveal(), UTF_8)
                + " "
                + new TreeSet<>(value.uses().stream().map(Enum::name).toList());
    }

    @Test
    void sourcesAreFetchedAsTheVariablesSay() throws Exception {
        WorkspaceSource.Git git =
                git(
                        StubPayload.job(1, "test")
                                .variable("GIT_FETCH_EXTRA_FLAGS", "--no-tags  --prune")
                                .variable("GET_SOURCES_ATTEMPTS", "3")
                                .variable("GIT_SUBMODULE_STRATEGY", "recursive")
                                .variable("GIT_SUBMODULE_DEPTH", "3")
                                .variable("GIT_SUBMODULE_PATHS", "one two")
                                .variable("GIT_SUBMODULE_FORCE_HTTPS", "true")
                                .variable("GIT_LFS_SKIP_SMUDGE", "1")
                                .variable("GIT_CHECKOUT", "false")
                                .variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/group/demo"));
        GitFetch how = git.how();

        assertThat(git.url()).isEqualTo("http://git.local/group/demo.git");
        assertThat(how.depth()).isEqualTo(20);
        assertThat(how.attempts()).isEqualTo(3);
        assertThat(how.refspecs()).hasSize(2);
        assertThat(how.flags()).containsExactly("--no-tags", "--prune");
        assertThat(how.directory()).isEqualTo("/workspace/group/demo");
        assertThat(how.content())
                .isEqualTo(
                        new GitFetch.Content(
                                "main",
                                false,
                                new GitFetch.Submodules(
                                        GitFetch.Submodules.Mode.RECURSIVE,
                                        3,
                                        List.of("one", "two"),
                                        List.of()),
                                false));
        assertThat(how.access().base()).isEqualTo("http://git.local/");
        assertThat(how.access().insteadOf()).contains("git@git.local:");
        assertThat(git.toString()).doesNotContain("stub-job-token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "empty", "NONE"})
    void jobMayDoWithoutSources(String strategy) throws Exception {
        assertThat(
                        mapped(StubPayload.job(1, "test").variable("GIT_STRATEGY", strategy))
                                .inputs()
                                .workspace())
                .isEqualTo(new WorkspaceSource.Empty());
    }

    @Test
    void imagesAreUsedAsThePipelineSays() throws Exception {
        StubPayload payload = StubPayload.job(1, "test").variable("TAG", "1.2");
        ObjectNode image = (ObjectNode) payload.node().path("image");
        image.put("name", "registry.local:5000/app:$TAG");
        image.putArray("entrypoint").add("");
        image.putArray("pull_policy").add("always").add("if-not-present");
        ((ObjectNode) image.path("executor_opts")).putObject("docker").put("user", "app");
        ObjectNode service = payload.node().putArray("services").addObject();
        service.put("name", "team/db:$TAG").put("alias", "db, store");
        service.putArray("entrypoint").add("");
        service.putArray("command").add("serve");
        ObjectNode login = payload.node().putArray("credentials").addObject();
        login.put("type", "registry").put("url", "registry.local:5000");
        login.put("username", "gitlab-ci-token").put("password", "canary-password");
        JobEnvironment environment = mapped(payload).environment();

        assertThat(environment.image())
                .isEqualTo(
                        new ImageSpec(
                                "registry.local:5000/app:1.2",
                                List.of(),
                                "app",
                                List.of(PullPolicy.ALWAYS, PullPolicy.IF_NOT_PRESENT),
                                List.of("TAG")));
        assertThat(environment.services())
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.image())
                            .isEqualTo(
                                    new ImageSpec(
                                            "team/db:1.2",
                                            List.of(),
                                            null,
                                            List.of(),
                                            List.of("TAG")));
                    assertThat(one.aliases()).containsExactly("db", "store", "team-db", "team__db");
                    assertThat(one.command()).containsExactly("serve");
                });
        assertThat(environment.registries())
                .singleElement()
                .satisfies(one ->
                        assertThat(one.covers(ImageReference.parse("registry.local:5000/app")))
                                .isTrue());
        assertThat(environment.toString()).doesNotContain("canary");
    }

    @Test
    void loginsOfTheVariableComeWithThoseOfTheServerAndAllAreHidden() throws Exception {
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable(
                                "DOCKER_AUTH_CONFIG",
                                "{\"auths\": {\"registry.local/team\": {\"auth\": \"dTpjYW5hcnktdmFyaWFibGU=\"}}}",
                                "file");
        payload.node()
                .putArray("credentials")
                .addObject()
                .put("type", "registry")
                .put("url", "https://registry.local/")
                .put("username", "u")
                .put("password", "canary-password");

        JobSpec spec = mapped(payload);

        assertThat(spec.environment().registries())
                .extracting(RegistryLogin::registry, RegistryLogin::origin)
                .containsExactly(
                        tuple("registry.local/team", RegistryLogin.Origin.VARIABLE),
                        tuple("registry.local", RegistryLogin.Origin.SERVER));
        assertThat(spec.inputs().handed())
                .filteredOn(value -> value.is(HandedValue.Use.MASKED))
                .extracting(value -> new String(value.value().reveal(), UTF_8))
                .contains("canary-variable", "dTpjYW5hcnktdmFyaWFibGU=", "canary-password");
    }

    @Test
    void limitsOfAJobAreTheServersAndTheVariables() throws Exception {
        Steps steps =
                mapped(
                                StubPayload.job(1, "test")
                                        .variable("RUNNER_SCRIPT_TIMEOUT", "-10m")
                                        .variable("RUNNER_AFTER_SCRIPT_TIMEOUT", "1m30s")
                                        .variable("AFTER_SCRIPT_IGNORE_ERRORS", "false"))
                        .steps();

        assertThat(steps.limits())
                .isEqualTo(
                        new Steps.Limits(
                                Duration.ofMinutes(50),
                                Duration.ofSeconds(90),
                                Duration.ofHours(1)));
        assertThat(steps.afterScriptCounts()).isTrue();
        assertThat(mistaken(node -> variable(node, "RUNNER_SCRIPT_TIMEOUT", "soon")))
                .containsExactly(
                        "RUNNER_SCRIPT_TIMEOUT is \"soon\": write a time such as 90m or 1h30m; a negative one counts from the job's own limit");
    }

    /** Rules of pools go by it, and of two values of one name the later would hide the other. */
    @Test
    void jobSaysInTheOpenAndOnceForWhichEnvironmentItIs() throws Exception {
        String cure =
                "GitLab sets it from environment:name: remove the variable of that name from the"
                        + " pipeline and the project";
        assertThat(
                        mistaken(node -> {
                            variable(node, "CI_ENVIRONMENT_NAME", "production");
                            variable(node, "CI_ENVIRONMENT_NAME", "dev");
                        }))
                .containsExactly("CI_ENVIRONMENT_NAME is \"dev\": " + cure);
        assertThat(
                        mistaken(node ->
                                ((ArrayNode) node.path("variables"))
                                        .addObject()
                                        .put("key", "CI_ENVIRONMENT_NAME")
                                        .put("value", "production")
                                        .put("masked", true)))
                .singleElement()
                .asString()
                .endsWith(cure)
                .doesNotContain("\"production\"");
    }

    @Test
    void cacheIsThatOfItsKeyAndOfWhatElseWillDo() throws Exception {
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable("LOCK", "abc")
                        .variable("MODE", "pull")
                        .variable("CACHE_FALLBACK_KEY", "main-non_protected")
                        .variable("RESTORE_CACHE_ATTEMPTS", "3")
                        .variable("SECRETS_RETRIEVAL_ATTEMPTS", "4");
        ObjectNode cache = payload.cache("deps%2F..\\$LOCK/ -non_protected  ", "vendor/");
        cache.put("policy", "$MODE").put("when", "always");
        cache.putArray("fallback_keys").add("old-$LOCK").add("");
        payload.cache("", "out").put("untracked", true);
        Transfers transfers = ((JobMapping.Result.Mapped) result(payload.node())).transfers();

        assertThat(transfers.project()).isEqualTo("7");
        assertThat(transfers.attempts()).isEqualTo(new Transfers.Attempts(3, 4));
        assertThat(transfers.caches())
                .containsExactly(
                        new CacheUse(
                                "abc/ -non_protected",
                                List.of("old-abc", "main-non_protected"),
                                CacheUse.Direction.PULL,
                                When.ALWAYS,
                                new CacheUse.Files(
                                        new FileSelection(List.of("vendor/"), List.of(), false),
                                        -1)),
                        new CacheUse(
                                "test/main",
                                List.of("main-non_protected"),
                                CacheUse.Direction.PULL_PUSH,
                                When.ON_SUCCESS,
                                new CacheUse.Files(
                                        new FileSelection(List.of("out"), List.of(), true), -1)));
        assertThat(transfers.bring()).isTrue();
        assertThat(transfers.cachesAfter(false)).isEmpty();
        assertThat(transfers.cachesAfter(true)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "main-protected",
                "main-protected ",
                "main-protected/.",
                "x/../main-protected"
            })
    void variableCannotNameTheCacheOfAProtectedRef(String key) throws Exception {
        StubPayload payload = StubPayload.job(1, "test").variable("CACHE_FALLBACK_KEY", key);
        payload.cache("a", "b");
        JobMapping.Result.Mapped mapped = (JobMapping.Result.Mapped) result(payload.node());

        assertThat(mapped.transfers().caches().getFirst().fallbackKeys()).isEmpty();
        assertThat(mapped.skipped())
                .containsExactly("CACHE_FALLBACK_KEY ends with -protected, which is not allowed");
    }

    @Test
    void cacheWithoutAKeyIsLeftOutAndOneWithAnUnknownPolicyIsNot() throws Exception {
        StubPayload payload = StubPayload.job(1, "test");
        payload.cache("../..%2f./  ", "b");

        assertThat(((JobMapping.Result.Mapped) result(payload.node())).skipped())
                .containsExactly("a cache whose key is empty: nothing is restored or saved for it");
        assertThat(
                        mistaken(node -> {
                            variable(node, "HOW", "sometimes");
                            node.putArray("cache")
                                    .addObject()
                                    .put("key", "deps")
                                    .put("policy", "$HOW");
                        }))
                .containsExactly(
                        "the policy ($HOW) of the cache \"deps\" is \"sometimes\": allowed are pull-push, pull and push");
    }

    private static void variable(ObjectNode node, String key, String value) {
        ((ArrayNode) node.path("variables")).addObject().put("key", key).put("value", value);
    }

    private static WorkspaceSource.Git git(StubPayload payload) throws Exception {
        return (WorkspaceSource.Git) mapped(payload).inputs().workspace();
    }

    private static JobSpec mapped(StubPayload payload) throws Exception {
        return ((JobMapping.Result.Mapped) result(payload.node())).spec();
    }

    private static JobMapping.Result result(ObjectNode node) throws Exception {
        return JobMapping.map(
                PayloadReader.read(node),
                new RunnerFacts(
                        GitLabFixture.POOL,
                        false,
                        NetworkAccess.FULL,
                        GitLabFixture.INFO,
                        "abcdefghi",
                        null,
                        Map.of("PROXY", "http://proxy.$ZONE:3128", "WORD", "the runner's")),
                GitLabFixture.HIDING);
    }

    private static List<String> lacking(Consumer<ObjectNode> change) throws Exception {
        ObjectNode node = StubPayload.job(1, "test").node();
        change.accept(node);
        return ((JobMapping.Result.Refused) result(node)).lacking();
    }

    private static List<String> mistaken(Consumer<ObjectNode> change) throws Exception {
        ObjectNode node = StubPayload.job(1, "test").node();
        change.accept(node);
        return ((JobMapping.Result.Refused) result(node)).mistaken();
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/x",
        "$CI_BUILDS_DIR/../etc",
        "$CI_BUILDS_DIR/$UNSET/..",
        "${CI_BUILDS_DIR}x/src",
        "/workspace",
        "src"
    })
    void placeOfTheSourcesOutsideOfTheirDirectoryIsNoJob(String place) throws Exception {
        String shown =
                place.replaceAll("\\$\\{?CI_BUILDS_DIR}?", "/workspace").replace("$UNSET", "");

        assertThat(mistaken(node -> variable(node, "GIT_CLONE_PATH", place)))
                .containsExactly(
                        "GIT_CLONE_PATH is \"%s\": sources are kept below CI_BUILDS_DIR, which is /workspace, so write $CI_BUILDS_DIR/NAME, or leave it out"
                                .formatted(shown));
    }

    @Test
    void placeOfSourcesThatAreNotFetchedIsSaid() throws Exception {
        StubPayload payload =
                StubPayload.job(1, "test")
                        .variable("GIT_STRATEGY", "none")
                        .variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/app");
        JobMapping.Result.Mapped mapped = (JobMapping.Result.Mapped) result(payload.node());

        assertThat(mapped.skipped())
                .containsExactly("GIT_CLONE_PATH, since no sources are fetched");
        assertThat(mapped.spec().inputs().variables())
                .containsEntry("CI_PROJECT_DIR", "/workspace/src");
    }

    @Test
    void unknownStrategyIsShownWithItsValueUnlessThatIsMasked() throws Exception {
        assertThat(mistaken(node -> variable(node, "GIT_STRATEGY", "frob")))
                .containsExactly(
                        "GIT_STRATEGY is \"frob\": allowed are fetch, clone, none and empty");
        assertThat(
                        mistaken(node -> {
                            masked(node, "PASSWORD", "canary-value");
                            variable(node, "GIT_STRATEGY", "a-$PASSWORD");
                        }))
                .containsExactly(
                        "GIT_STRATEGY is \"a-[MASKED]\": allowed are fetch, clone, none and empty");
    }

    /** Shown are the beginnings of values; a piece of a secret must not be one of them. */
    @Test
    void maskedValuesAreInNoMistakeHoweverLongAndEncodedTheyAre() throws Exception {
        String longValue = "canary-" + "0123456789abcdef".repeat(20);
        String lines = "canary line one of a key\ncanary line two of a key";
        String encoded =
                Base64.getEncoder().encodeToString("canary-value".getBytes(StandardCharsets.UTF_8));
        assertThat(
                        mistaken(node -> {
                            masked(node, "LONG", longValue);
                            variable(node, "GIT_STRATEGY", "x".repeat(195) + "$LONG");
                        }))
                .singleElement(STRING)
                .doesNotContain("canar")
                .contains("xxx[MA");
        assertThat(
                        mistaken(node -> {
                            masked(node, "LINES", lines);
                            variable(node, "GIT_STRATEGY", "$LINES");
                        }))
                .singleElement(STRING)
                .doesNotContain("canary");
        assertThat(
                        mistaken(node -> {
                            masked(node, "PASSWORD", "canary-value");
                            variable(node, "GIT_STRATEGY", "a-" + encoded);
                        }))
                .singleElement(STRING)
                .doesNotContain(encoded.substring(0, 8));
    }

    /** The engine's records of a container hold its names. */
    @Test
    void aliasThatHoldsAMaskedValueIsAMistake() throws Exception {
        assertThat(
                        mistaken(node -> {
                            masked(node, "PASSWORD", "canary-value");
                            node.putArray("services")
                                    .addObject()
                                    .put("name", "db:16")
                                    .put("alias", "db-$PASSWORD");
                        }))
                .singleElement(STRING)
                .startsWith("services:alias is \"db-$PASSWORD\": it holds the value of a masked");
    }

    private static void masked(ObjectNode node, String key, String value) {
        ((ArrayNode) node.path("variables"))
                .addObject()
                .put("key", key)
                .put("value", value)
                .put("masked", true);
    }

    @Test
    void serviceWhoseNamesAreTakenIsNotStartedAndSaid() throws Exception {
        StubPayload payload = StubPayload.job(1, "test");
        ArrayNode services = payload.node().putArray("services");
        services.addObject().put("name", "db:16").put("alias", "first");
        services.addObject().put("name", "db:16");
        services.addObject().put("name", "db:16").put("alias", "second,first");
        JobMapping.Result.Mapped mapped = (JobMapping.Result.Mapped) result(payload.node());

        assertThat(mapped.spec().environment().services())
                .extracting(ServiceSpec::aliases)
                .containsExactly(List.of("first", "db"), List.of("second"));
        assertThat(mapped.skipped())
                .containsExactly(
                        "the service db:16, which is not started: all its names (db) are those of a service before it; give it an alias",
                        "the name first, db of the service db:16, since a service before it has that already");
    }

    @Test
    void aliasThatIsEmptyIsSaidByItsVariable() throws Exception {
        StubPayload payload = StubPayload.job(1, "test").variable("TWO", "one two");
        ArrayNode services = payload.node().putArray("services");
        services.addObject().put("name", "db:16").put("alias", "$AL");
        services.addObject().put("name", "web:1").put("alias", "$TWO");
        JobMapping.Result.Mapped mapped = (JobMapping.Result.Mapped) result(payload.node());

        assertThat(mapped.spec().environment().services())
                .extracting(ServiceSpec::aliases)
                .containsExactly(List.of("db"), List.of("one", "two", "web"));
        assertThat(mapped.skipped())
                .containsExactly(
                        "the alias $AL of the service db:16, which is empty: set its variable");
    }

    private static String problem(ObjectNode node) {
        return String.valueOf(
                catchThrowableOfType(PayloadException.class, () -> PayloadReader.read(node))
                        .getMessage());
    }
}
