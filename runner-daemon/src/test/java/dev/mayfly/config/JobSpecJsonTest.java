package dev.mayfly.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.GitFetch;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobSpecJsonTest {

    private static final JobSpec FULL =
            full(
                    new WorkspaceSource.Git(
                            "https://a.example/b",
                            "ab",
                            new GitFetch(
                                    List.of("+a:b"),
                                    20,
                                    List.of("--prune"),
                                    3,
                                    new GitFetch.Content(
                                            "main",
                                            true,
                                            new GitFetch.Submodules(
                                                    GitFetch.Submodules.Mode.RECURSIVE,
                                                    2,
                                                    List.of("one"),
                                                    List.of("--remote")),
                                            true),
                                    new GitFetch.Access(
                                            "https://a.example/",
                                            "user",
                                            null,
                                            "-----BEGIN",
                                            List.of("git@a.example:")),
                                    new GitFetch.Hooks(List.of("before"), List.of("after")),
                                    "/workspace/there")));

    /** Components that hold what must not be stored. */
    private static final Set<String> SECRET = Set.of("handed", "registries", "password", "account");

    private static final JobSpec SMALL =
            new JobSpec(
                    "small",
                    null,
                    new Steps(List.of("x"), List.of(), null),
                    new JobEnvironment(null, List.of(), NetworkAccess.NONE, ResourceRequest.NONE),
                    new Inputs(Map.of(), List.of(), new WorkspaceSource.Empty()),
                    List.of());

    static Stream<JobSpec> jobs() {
        return Stream.of(
                SMALL,
                FULL,
                full(new WorkspaceSource.Empty()),
                full(new WorkspaceSource.Archive(Path.of("/state/a b.tar"))),
                full(new WorkspaceSource.Bundle(Path.of("/state/a.bundle"), "cd")));
    }

    @ParameterizedTest
    @MethodSource("jobs")
    void jobIsReadAsItWasWritten(JobSpec job) {
        assertThat(JobSpecJson.read(JobSpecJson.write(job))).isEqualTo(job);
    }

    @Test
    void fullJobLeavesNoComponentEmpty() throws ReflectiveOperationException {
        assertNothingEmpty(FULL);
    }

    @Test
    void sameJobGivesTheSameText() {
        JobSpec again = JobSpecJson.read(JobSpecJson.write(FULL));

        assertThat(JobSpecJson.write(again))
                .isEqualTo(JobSpecJson.write(FULL))
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{}",
                "{\"format\":1}",
                "{\"format\":1,\"job\":null}",
                "{\"format\":1,\"job\":{}}",
                "{\"format\":1,\"format\":1,\"job\":{}}"
            })
    void anythingElseIsRefused(String json) {
        assertThatThrownBy(() -> JobSpecJson.read(json))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void unknownComponentMissingComponentAndRestAreRefused() {
        String json = JobSpecJson.write(SMALL);

        assertThat(
                        List.of(
                                json.replace("\"artifacts\":[]", "\"artefacts\":[]"),
                                json.replace(",\"artifacts\":[]", ""),
                                json.replace("\"kind\":\"empty\"", "\"kind\":\"void\""),
                                json.replace("\"NONE\"", "\"SOME\""),
                                json + " {}"))
                .doesNotContain(json)
                .allSatisfy(changed ->
                        assertThatThrownBy(() -> JobSpecJson.read(changed))
                                .isInstanceOf(IllegalArgumentException.class));
    }

    @Test
    void otherFormatIsNamed() {
        String json = JobSpecJson.write(SMALL).replace("\"format\":4", "\"format\":5");

        assertThatThrownBy(() -> JobSpecJson.read(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the job was stored in format 5, this version knows 4");
    }

    @Test
    void valuesThatNobodyMaySeeAreNeverStored() {
        JobSpec job =
                new JobSpec(
                        "with-value",
                        null,
                        SMALL.steps(),
                        SMALL.environment(),
                        new Inputs(
                                Map.of(),
                                List.of(
                                        new HandedValue(
                                                "TOKEN",
                                                new SecretValue("canary".getBytes(UTF_8)),
                                                Set.of(HandedValue.Use.MASKED))),
                                List.of(),
                                new WorkspaceSource.Empty()),
                        List.of());

        assertThatThrownBy(() -> JobSpecJson.write(job))
                .isInstanceOf(IllegalStateException.class)
                .hasStackTraceContaining("is not stored");
    }

    private static void assertNothingEmpty(Object part) throws ReflectiveOperationException {
        for (RecordComponent component : part.getClass().getRecordComponents()) {
            if (SECRET.contains(component.getName())) {
                continue;
            }
            Object value = component.getAccessor().invoke(part);
            String name = part.getClass().getSimpleName() + "." + component.getName();
            assertThat(value).as(name).isNotNull();
            for (Object each : value instanceof Collection<?> all ? all : List.of(value)) {
                assertThat(each).as(name).isNotIn("", Map.of(), List.of(), false);
                if (each.getClass().isRecord()) {
                    assertNothingEmpty(each);
                }
            }
            if (value instanceof Collection<?> all) {
                assertThat(all).as(name).isNotEmpty();
            }
        }
    }

    private static JobSpec full(WorkspaceSource workspace) {
        return new JobSpec(
                "full \u2603 \"quoted\"\n",
                new PoolName("trusted"),
                new Steps(
                        List.of("install"),
                        List.of("a", "b\nc"),
                        List.of(new Steps.Further("release", List.of("e"))),
                        List.of("d"),
                        new Steps.Limits(
                                Duration.ofMillis(90_500),
                                Duration.ofSeconds(5),
                                Duration.ofHours(1)),
                        true),
                new JobEnvironment(
                        new ImageSpec(
                                "debian:12",
                                List.of("env", "A=b"),
                                "app",
                                List.of(PullPolicy.ALWAYS),
                                List.of("TAG")),
                        List.of(
                                new ServiceSpec(
                                        new ImageSpec(
                                                "postgres",
                                                List.of("run"),
                                                "postgres",
                                                List.of(PullPolicy.NEVER),
                                                List.of("TAG")),
                                        List.of("db", "store"),
                                        List.of("-c"),
                                        Map.of("K", "v"))),
                        NetworkAccess.FULL,
                        new ResourceRequest(1L << 40, 0.1, 77, 5L << 40)),
                new Inputs(
                        Map.of("B", "2", "A", "1", "EMPTY", ""),
                        List.of(new SecretRequest("S", "ref", true)),
                        workspace),
                List.of("build/**"));
    }
}
