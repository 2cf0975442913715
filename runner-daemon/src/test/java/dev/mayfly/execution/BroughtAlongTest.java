package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.HandedValue.Use;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.source.Claim;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a job brings along from its server: values that nobody may see, hooks, limits. */
class BroughtAlongTest {

    private static final String CANARY = "canary-Q7wXr2";

    private Trial trial;

    @BeforeEach
    void open(@TempDir Path folder) {
        trial = new Trial(folder);
    }

    @AfterEach
    void close() {
        trial.close();
    }

    @Test
    void valueReachesTheStepsAndNeverTheLog() throws Exception {
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    byte[] said = ("said " + CANARY + "\n").getBytes(UTF_8);
                    output.write(said, 0, said.length);
                    return new StepEnd.Exited(0);
                });
        trial.run(
                job(
                        value("PASSWORD", CANARY, Use.VARIABLE, Use.MASKED),
                        value("KUBECONFIG", "line", Use.FILE)));
        Step script = trial.engine.ran("script");

        assertThat(script.environment())
                .containsEntry("PASSWORD", CANARY)
                .containsEntry("KUBECONFIG", "/run/secrets/KUBECONFIG");
        assertThat(script.files()).extracting(DeliveredFile::name).containsExactly("KUBECONFIG");
        assertThat(trial.report.text()).contains("said [MASKED]").doesNotContain(CANARY);
    }

    @Test
    void valueIsMaskedBeforeAnythingIsSaidOfTheJob() throws Exception {
        trial.verdict = new Verdict.Refused("image " + CANARY + " is not allowed");
        trial.run(job(value("IMAGE", CANARY, Use.MASKED)));

        assertThat(trial.report.text()).contains("image [MASKED] is not").doesNotContain(CANARY);
    }

    @Test
    void everyValueOfANameIsMasked() throws Exception {
        trial.verdict = new Verdict.Refused("first-Xk29q and second-Zp81m");
        trial.run(
                job(
                        value("WORD", "first-Xk29q", Use.MASKED),
                        value("WORD", "second-Zp81m", Use.MASKED, Use.VARIABLE)));

        assertThat(trial.report.text()).contains("[MASKED] and [MASKED]");
    }

    @Test
    void valueThatCannotBeMaskedIsToldByItsNameAndTheJobGoesOn() throws Exception {
        trial.run(job(value("PIN", "4711", Use.VARIABLE, Use.MASKED)));

        assertThat(trial.report.text())
                .containsPattern("a masked variable is visible in this log: .*PIN.*4 bytes")
                .doesNotContain("4711");
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
    }

    @Test
    void tokensAreMaskedByThePrefixesThatTheServerNames() throws Exception {
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    byte[] said = "custom-abcdefghij and other-abcdefghij\n".getBytes(UTF_8);
                    output.write(said, 0, said.length);
                    return new StepEnd.Exited(0);
                });
        new JobRun(
                        trial.stages(),
                        new Claim(
                                Trial.JOB,
                                Facts.ofSource("local", job()),
                                job(),
                                trial.cancellation,
                                List.of("custom-")),
                        trial.report,
                        Trial.TERMS)
                .toTheEnd();

        assertThat(trial.report.text()).contains("custom-[MASKED] and other-abcdefghij");
    }

    @Test
    void hooksRunAroundTheCheckoutWithTheJobsVariables() throws Exception {
        trial.run(
                new JobSpec(
                        "build",
                        null,
                        new Steps(List.of("make"), List.of(), Duration.ofMinutes(5)),
                        environment(),
                        new Inputs(
                                Map.of("LEVEL", "debug"),
                                List.of(),
                                new WorkspaceSource.Git(
                                        "https://git.example/a.git",
                                        "0123456789".repeat(4),
                                        new GitFetch(
                                                List.of("+a:b"),
                                                0,
                                                List.of(),
                                                1,
                                                GitFetch.Content.FILES,
                                                GitFetch.Access.OPEN,
                                                new GitFetch.Hooks(List.of("pre"), List.of("post")),
                                                null))),
                        List.of()));

        assertThat(trial.engine.steps)
                .extracting(Step::name)
                .containsExactly("pre_get_sources", "checkout", "post_get_sources", "script");
        assertThat(trial.engine.ran("pre_get_sources").place()).isEqualTo(Step.Place.HELPER);
        assertThat(trial.engine.ran("pre_get_sources").environment())
                .containsEntry("LEVEL", "debug");
    }

    @Test
    void jobThatPreparesForTooLongIsTimedOut() throws Exception {
        trial.engine.whileMaking(_ -> never().await());
        trial.run(limited(Duration.ofMillis(50), false));

        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.TimedOut(Duration.ofMillis(50)));
        assertThat(trial.engine.steps).isEmpty();
    }

    @Test
    void scriptGetsNoMoreThanWhatIsLeftOfTheWholeJob() throws Exception {
        trial.engine.step(
                "script",
                (_, _, limit, _) -> {
                    assertThat(limit).isLessThanOrEqualTo(Duration.ofMillis(200));
                    never().await(limit.toNanos() + 1_000_000, TimeUnit.NANOSECONDS);
                    return new StepEnd.TimedOut();
                });
        trial.run(limited(Duration.ofMillis(200), false));

        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.TimedOut(Duration.ofMillis(200)));
        assertThat(trial.engine.steps).extracting(Step::name).containsExactly("script");
    }

    @Test
    void afterScriptCountsWhereTheJobSaysSo() throws Exception {
        trial.engine.step("after_script", new StepEnd.Exited(4));
        trial.run(limited(Duration.ofMinutes(5), true));

        assertThat(trial.report.outcomes).containsExactly(new Outcome.Failed(4));
        assertThat(trial.engine.ran("after_script").environment())
                .containsEntry("CI_JOB_STATUS", "success");
    }

    private static CountDownLatch never() {
        return new CountDownLatch(1);
    }

    private static HandedValue value(String name, String value, Use... uses) {
        return new HandedValue(name, new SecretValue(value.getBytes(UTF_8)), Set.of(uses));
    }

    private static JobSpec job(HandedValue... values) {
        return new JobSpec(
                "build",
                null,
                new Steps(List.of("make"), List.of(), Duration.ofMinutes(5)),
                environment(),
                new Inputs(Map.of(), List.of(values), List.of(), new WorkspaceSource.Empty()),
                List.of());
    }

    private static JobSpec limited(Duration whole, boolean afterScriptCounts) {
        return new JobSpec(
                "build",
                null,
                new Steps(
                        List.of("make"),
                        List.of("make clean"),
                        new Steps.Limits(null, null, whole),
                        afterScriptCounts),
                environment(),
                new Inputs(Map.of(), List.of(), new WorkspaceSource.Empty()),
                List.of());
    }

    private static JobEnvironment environment() {
        return new JobEnvironment(null, List.of(), NetworkAccess.NONE, ResourceRequest.NONE);
    }
}
