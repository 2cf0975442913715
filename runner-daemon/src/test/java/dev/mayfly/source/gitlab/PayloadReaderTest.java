package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.source.gitlab.JobPayload.Variable;
import dev.mayfly.source.gitlab.JobPayload.Variable.Trait;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        assertThat(JobMapping.namesOf(image)).contains(name, name.replace("-", "__"));
    }

    @Test
    void nothingOfAJobIsLostSilently() throws Exception {
        assertThat(lacking(node -> {})).containsExactly("sources that need the job's token");
        assertThat(lacking(node -> node.putArray("artifacts").addObject())).contains("artifacts");
        assertThat(lacking(node -> node.putArray("cache").addObject())).contains("cache");
        assertThat(
                        lacking(node ->
                                node.putArray("dependencies")
                                        .addObject()
                                        .putObject("artifacts_file")
                                        .put("filename", "a.zip")))
                .contains("artifacts of earlier jobs");
        assertThat(lacking(node -> node.putObject("secrets").putObject("A")))
                .contains("the keyword secrets");
        assertThat(lacking(node -> node.putArray("hooks").addObject()))
                .contains("the keyword hooks");
        assertThat(
                        lacking(node ->
                                ((ObjectNode) node.path("image"))
                                        .putArray("pull_policy")
                                        .add("never")))
                .contains("image:pull_policy");
        assertThat(
                        lacking(node -> {
                            ObjectNode step =
                                    ((ArrayNode) node.path("steps"))
                                            .addObject()
                                            .put("name", "release");
                            step.putArray("script").add("release");
                        }))
                .contains("the step release");
        assertThat(
                        lacking(node ->
                                node.putArray("services")
                                        .addObject()
                                        .put("name", "team/db")
                                        .put("alias", "db")))
                .contains("a service with several names: db, team-db, team__db");
    }

    private static List<String> lacking(Consumer<ObjectNode> change) throws Exception {
        ObjectNode node = StubPayload.job(1, "test").node();
        change.accept(node);
        JobMapping.Result result =
                JobMapping.map(
                        PayloadReader.read(node),
                        GitLabFixture.POOL,
                        NetworkAccess.FULL,
                        GitLabFixture.INFO);
        return ((JobMapping.Result.Refused) result).lacking();
    }

    private static String problem(ObjectNode node) {
        return String.valueOf(
                catchThrowableOfType(PayloadException.class, () -> PayloadReader.read(node))
                        .getMessage());
    }
}
