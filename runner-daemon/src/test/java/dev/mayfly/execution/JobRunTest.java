package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.admission.Verdict;
import dev.mayfly.execution.RecordingReport.News;
import dev.mayfly.job.Facts;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.UsedImage;
import dev.mayfly.job.VerifiedClaims;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.source.Claim;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(30)
class JobRunTest {

    @TempDir Path folder;
    private Trial trial;

    @BeforeEach
    void open() {
        trial = new Trial(folder);
    }

    @AfterEach
    void close() {
        trial.close();
    }

    // -- the way of a job

    @Test
    void theWayOfAJobIsTheSameEachTime() throws Exception {
        Receipt receipt = trial.run(Trial.full());

        assertThat(trial.history)
                .containsExactly(
                        "journal",
                        "phase PREPARING",
                        "secrets",
                        "create",
                        "step checkout",
                        "end checkout",
                        "phase RUNNING",
                        "step script",
                        "step after_script",
                        "log end",
                        "end passed",
                        "phase TEARING_DOWN",
                        "destroy",
                        "revoke",
                        "receipt clean",
                        "phase FINISHED");
        assertThat(receipt.clean()).isTrue();
        assertThat(trial.report.text())
                .startsWith("<prepare>\n")
                .contains("<checkout>\n", "<script>\n", "<after_script>\n")
                .endsWith("-- the job passed\n");
    }

    @Test
    void secretsAreKnownToTheMaskerBeforeTheSandboxIsMade() throws Exception {
        trial.engine.whileMaking(notices -> notices.notice("the engine says " + Trial.VALUE));
        trial.run(Trial.full());

        assertThat(trial.report.text()).contains("the engine says ").doesNotContain(Trial.VALUE);
    }

    @Test
    void theCheckoutKnowsNeitherSecretsNorVariables() throws Exception {
        trial.run(Trial.full());
        Step checkout = trial.engine.ran("checkout");

        assertThat(checkout.place()).isEqualTo(Step.Place.HELPER);
        assertThat(checkout.files()).isEmpty();
        assertThat(checkout.environment())
                .doesNotContainKeys("TOKEN", "FILE_TOKEN", "LEVEL")
                .doesNotContainValue(Trial.VALUE);
    }

    @Test
    void theScriptGetsEachSecretAsAFileAndOnlyTheAskedForAsVariable() throws Exception {
        trial.run(Trial.full());
        Step script = trial.engine.ran("script");

        assertThat(script.files())
                .extracting(DeliveredFile::name)
                .containsExactly("FILE_TOKEN", "TOKEN");
        assertThat(script.environment())
                .containsEntry("TOKEN", Trial.VALUE)
                .containsEntry("LEVEL", "debug")
                .doesNotContainKey("FILE_TOKEN");
    }

    @Test
    void neitherVariablesNorSecretsReplaceWhatMayflySays() throws Exception {
        JobSpec spec =
                Trial.job(
                        List.of("make"),
                        List.of("true"),
                        new Inputs(
                                Map.of("CI", "no", "MAYFLY_POOL", "other"),
                                List.of(
                                        new SecretRequest("MAYFLY_JOB_ID", "token", true),
                                        new SecretRequest("MAYFLY_OUTCOME", "token", true)),
                                new WorkspaceSource.Empty()));
        trial.run(spec);

        assertThat(trial.engine.ran("script").environment())
                .containsEntry("CI", "true")
                .containsEntry("MAYFLY_POOL", "trusted")
                .containsEntry("MAYFLY_JOB_ID", "j-1")
                .containsEntry("MAYFLY_JOB_NAME", "build");
        assertThat(trial.engine.ran("after_script").environment())
                .containsEntry("MAYFLY_OUTCOME", "passed");
    }

    @Test
    void theSandboxIsThePoolsWithinTheJobsOwnLimits() throws Exception {
        trial.run(Trial.plain());

        assertThat(trial.engine.made)
                .singleElement()
                .satisfies(made -> {
                    assertThat(made.image()).isEqualTo(Trial.TERMS.image());
                    assertThat(made.hardening()).isEqualTo(Trial.TERMS.hardening());
                    assertThat(made.limits()).isEqualTo(Trial.TERMS.limits());
                });
    }

    @Test
    void imagesArePulledAsTheJobSaysThenItsPoolThenItsSource() throws Exception {
        JobSpec job =
                withImages(
                        new ImageSpec("debian", null),
                        new ImageSpec("db", null, null, List.of(PullPolicy.NEVER)));

        trial.run(job);
        assertThat(policies()).containsExactly(List.of(), List.of(PullPolicy.NEVER));

        new JobRun(trial.stages(), ofServer(job), trial.report, trial.terms).toTheEnd();
        assertThat(policies())
                .containsExactly(List.of(PullPolicy.ALWAYS), List.of(PullPolicy.NEVER));

        trial.terms = Trial.with(List.of(PullPolicy.ALWAYS, PullPolicy.IF_NOT_PRESENT));
        trial.run(job);
        assertThat(policies())
                .containsExactly(
                        List.of(PullPolicy.ALWAYS, PullPolicy.IF_NOT_PRESENT),
                        List.of(PullPolicy.NEVER));
    }

    private List<List<PullPolicy>> policies() {
        SandboxSpec made = trial.engine.made.getLast();
        return List.of(made.image().pull(), made.services().getFirst().image().pull());
    }

    private static JobSpec withImages(ImageSpec image, ImageSpec service) {
        JobSpec plain = Trial.plain();
        return new JobSpec(
                plain.name(),
                plain.pool(),
                plain.steps(),
                new JobEnvironment(
                        image,
                        List.of(new ServiceSpec(service, List.of("db"), List.of(), Map.of())),
                        NetworkAccess.NONE,
                        ResourceRequest.NONE),
                plain.inputs(),
                plain.artifacts());
    }

    private Claim ofServer(JobSpec job) {
        Facts plain = Facts.ofSource("shop", job);
        ServerFacts server =
                new ServerFacts(
                        new ServerFacts.Project("7", "shop/web"),
                        new ServerFacts.Ref(
                                "main", ServerFacts.RefKind.BRANCH, true, "a".repeat(40)),
                        false,
                        new ServerFacts.Run("1001", "55", "12"));
        return new Claim(
                Trial.JOB,
                new Facts(
                        new Facts.Trusted(
                                plain.trusted().registration(), server, VerifiedClaims.NONE),
                        plain.settable()),
                job,
                trial.cancellation,
                List.of());
    }

    @Test
    void whatTheSandboxIsMadeOfIsOnTheReceipt() throws Exception {
        UsedImage image = new UsedImage("debian", "debian@sha256:00");
        trial.engine.whileMaking(notices -> notices.uses(image));
        trial.run(Trial.plain());

        assertThat(trial.report.receipts.getLast().images()).containsExactly(image);
    }

    @Test
    void loginsOfThePoolAreThereForTheImagesAndReadForEachJob() throws Exception {
        List<RegistryLogin> kept = new ArrayList<>();
        trial.terms = Trial.with(() -> List.copyOf(kept));
        kept.add(
                new RegistryLogin(
                        "r.example.com",
                        "robot",
                        new SecretValue("pa55word".getBytes(UTF_8)),
                        RegistryLogin.Origin.HOST));
        trial.run(Trial.plain());

        assertThat(trial.engine.made.getLast().registries()).isEqualTo(kept);
        assertThat(trial.report.text()).doesNotContain("pa55word");
    }

    @Test
    void loginsThatCannotBeReadAreTheHostsFaultAndNothingIsMade() throws Exception {
        trial.terms =
                Trial.with(() -> {
                    throw new FaultException(Fault.REGISTRY, "logins.json cannot be read");
                });
        trial.run(Trial.plain());

        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.Faulted(Fault.REGISTRY, "logins.json cannot be read"));
        assertThat(trial.engine.made).isEmpty();
    }

    // -- outcomes

    static Stream<Arguments> ends() {
        return Stream.of(
                Arguments.of(new StepEnd.Exited(0), new Outcome.Passed()),
                Arguments.of(new StepEnd.Exited(1), new Outcome.Failed(1)),
                Arguments.of(new StepEnd.Exited(137), new Outcome.Failed(137)),
                Arguments.of(new StepEnd.OutOfMemory(), new Outcome.OutOfMemory(1 << 30)),
                Arguments.of(new StepEnd.TimedOut(), new Outcome.TimedOut(Duration.ofMinutes(5))));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void theScriptsEndIsTheJobsOutcome(StepEnd end, Outcome outcome) throws Exception {
        trial.engine.step("script", end);
        trial.run(Trial.full());

        assertThat(trial.report.outcomes).containsExactly(outcome);
        assertThat(trial.engine.ran("after_script").environment())
                .containsEntry("MAYFLY_OUTCOME", outcome.word());
        assertThat(trial.report.text()).endsWith("-- " + outcome.sentence() + "\n");
    }

    static Stream<Arguments> afterScripts() {
        return Stream.of(
                Arguments.of(new StepEnd.Exited(3), "it ended with exit code 3"),
                Arguments.of(new StepEnd.TimedOut(), "it ran into its time limit"),
                Arguments.of(new StepEnd.OutOfMemory(), "it ran out of memory"));
    }

    @ParameterizedTest
    @MethodSource("afterScripts")
    void anAfterScriptThatFailsDoesNotChangeTheOutcome(StepEnd end, String words) throws Exception {
        trial.engine.step("after_script", end);
        trial.run(Trial.full());

        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
        assertThat(trial.report.text())
                .contains("after_script failed, which does not change the outcome: " + words);
    }

    @Test
    void anEngineThatFailsInTheAfterScriptDoesNotHideHowTheScriptEnded() throws Exception {
        trial.engine.step("script", new StepEnd.OutOfMemory());
        trial.engine.step("after_script", faulty(Fault.ENGINE, "the container is gone"));
        trial.run(Trial.full());

        assertThat(trial.report.outcomes).containsExactly(new Outcome.OutOfMemory(1 << 30));
        assertThat(trial.report.text()).contains("the container is gone");
    }

    @Test
    void aJobThatHoldsTooMuchOfTheDiskEndsAtOnceWithThatReason() throws Exception {
        trial.engine.step("script", new StepEnd.OutOfDisk("11 GiB of 10 GiB are used"));
        trial.engine.ended = new Outcome.OutOfDisk("11 GiB of 10 GiB are used");
        trial.run(Trial.full());

        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.OutOfDisk("11 GiB of 10 GiB are used"));
        assertThat(trial.report.text())
                .endsWith("-- the job held too much of the disk: 11 GiB of 10 GiB are used\n");
        assertThat(trial.history).doesNotContain("step after_script", "seal").contains("destroy");
    }

    @Test
    void whateverTheDiskMadeFailTheDiskIsTheReason() throws Exception {
        trial.engine.step("checkout", new StepEnd.OutOfDisk("too many files"));
        trial.engine.ended = new Outcome.OutOfDisk("too many files");
        trial.run(Trial.full());

        assertThat(trial.report.outcomes).containsExactly(new Outcome.OutOfDisk("too many files"));
    }

    @Test
    void aJobWhoseDiskCannotBeMeasuredIsNoFaultOfTheJob() throws Exception {
        Outcome unmeasured = new Outcome.Faulted(Fault.ENGINE, "it could not be measured");
        trial.engine.step("script", faulty(Fault.ENGINE, "the container is gone"));
        trial.engine.ended = unmeasured;
        trial.run(Trial.full());

        assertThat(trial.report.outcomes).containsExactly(unmeasured);
    }

    @Test
    void thereIsNoAfterScriptWhereNoScriptBegan() throws Exception {
        trial.engine.step("checkout", new StepEnd.Exited(128));
        trial.run(Trial.full());

        assertThat(trial.history).doesNotContain("step script", "step after_script");
        assertThat(trial.report.outcome())
                .isEqualTo(
                        new Outcome.Faulted(
                                Fault.WORKSPACE,
                                "the sources could not be fetched: it ended with exit code 128;"
                                        + " the log's checkout section says why"));
    }

    @Test
    void furtherCommandsHaveShellsOfTheirOwnUntilOneFails() throws Exception {
        trial.engine.step("step_release", new StepEnd.Exited(7));
        trial.run(
                new JobSpec(
                        "build",
                        null,
                        new Steps(
                                List.of(),
                                List.of("make"),
                                List.of(
                                        new Steps.Further("sign", List.of("sign")),
                                        new Steps.Further("release", List.of("release")),
                                        new Steps.Further("never", List.of("never"))),
                                List.of("make clean"),
                                new Steps.Limits(null, null, null),
                                false),
                        Trial.plain().environment(),
                        Trial.plain().inputs(),
                        List.of()));

        assertThat(trial.history)
                .containsSubsequence(
                        "step script", "step step_sign", "step step_release", "step after_script")
                .doesNotContain("step step_never");
        assertThat(trial.report.text()).contains("<step_sign>", "<step_release>");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Failed(7));
    }

    @Test
    void nothingFurtherIsRunWhereTheScriptHasFailed() throws Exception {
        trial.engine.step("script", new StepEnd.Exited(3));
        trial.run(
                new JobSpec(
                        "build",
                        null,
                        new Steps(
                                List.of(),
                                List.of("make"),
                                List.of(new Steps.Further("release", List.of("release"))),
                                List.of(),
                                new Steps.Limits(null, null, null),
                                false),
                        Trial.plain().environment(),
                        Trial.plain().inputs(),
                        List.of()));

        assertThat(trial.history).doesNotContain("step step_release");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Failed(3));
    }

    // -- whatever happens, everything is destroyed and one end is told

    record Mishap(String name, Consumer<Trial> arrangement, String outcome) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Mishap> mishaps() {
        return Stream.of(
                new Mishap("nothing", _ -> {}, "passed"),
                new Mishap("refusal", t -> t.verdict = new Verdict.Refused("not here"), "denied"),
                new Mishap(
                        "admission to another pool",
                        t -> t.verdict = new Verdict.Admitted(new PoolName("other")),
                        "denied"),
                new Mishap("journal full", t -> t.journal.full = true, "faulted"),
                new Mishap(
                        "secret fault",
                        t ->
                                t.secrets.whileFetching(() -> {
                                    throw new FaultException(Fault.SECRET, "no such secret");
                                }),
                        "faulted"),
                new Mishap(
                        "defect of the provider",
                        t ->
                                t.secrets.whileFetching(() -> {
                                    throw new IllegalStateException("bug");
                                }),
                        "faulted"),
                new Mishap("secret too short", t -> t.secrets.put("token", "abc"), "faulted"),
                new Mishap(
                        "create fault",
                        t ->
                                t.engine.whileMaking(_ -> {
                                    throw new FaultException(Fault.IMAGE, "no such image");
                                }),
                        "faulted"),
                new Mishap(
                        "defect of the engine's adapter",
                        t ->
                                t.engine.whileMaking(_ -> {
                                    throw new IllegalStateException("bug");
                                }),
                        "faulted"),
                new Mishap(
                        "stack overflow",
                        t ->
                                t.engine.whileMaking(_ -> {
                                    throw new StackOverflowError();
                                }),
                        "faulted"),
                new Mishap(
                        "create interrupted",
                        t ->
                                t.engine.whileMaking(_ -> {
                                    throw new InterruptedException();
                                }),
                        "cancelled"),
                new Mishap(
                        "checkout failed",
                        t -> t.engine.step("checkout", new StepEnd.Exited(1)),
                        "faulted"),
                new Mishap(
                        "checkout fault",
                        t -> t.engine.step("checkout", faulty(Fault.ENGINE, "gone")),
                        "faulted"),
                new Mishap(
                        "script fault",
                        t -> t.engine.step("script", faulty(Fault.ENGINE, "gone")),
                        "faulted"),
                new Mishap(
                        "script timeout",
                        t -> t.engine.step("script", new StepEnd.TimedOut()),
                        "timed-out"),
                new Mishap("phase not taken", t -> t.report.fail(News.PHASE, 99), "passed"),
                new Mishap("log not to be had", t -> t.report.fail(News.LOG, 99), "faulted"),
                new Mishap("line not taken", t -> t.report.fail(News.LINE, 1), "faulted"),
                new Mishap("log end fails", t -> t.report.fail(News.LOG_END, 9), "passed"),
                new Mishap("end not taken at once", t -> t.report.fail(News.END, 1), "passed"),
                new Mishap("receipt not taken", t -> t.report.fail(News.RECEIPT, 9), "passed"));
    }

    @ParameterizedTest
    @MethodSource("mishaps")
    void whateverHappensTheEnvironmentIsDestroyedAndOneEndIsTold(Mishap mishap) throws Exception {
        mishap.arrangement().accept(trial);
        Receipt receipt = trial.run(Trial.full());

        assertThat(receipt.clean()).isTrue();
        assertThat(trial.leftovers()).isFalse();
        assertThat(trial.history).contains("destroy");
        assertThat(trial.journal.open()).isEmpty();
        assertThat(trial.report.outcomes).extracting(Outcome::word).containsExactly(mishap.outcome);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void aJobWhoseEndIsNeverTakenDoesNotLookReleased() throws Exception {
        trial.report.fail(News.END, 99);
        Receipt receipt = trial.run(Trial.plain());

        assertThat(receipt.clean()).isTrue();
        assertThat(trial.leftovers()).isFalse();
        assertThat(trial.report.receipts).isEmpty();
        assertThat(trial.history).doesNotContain("phase FINISHED");
    }

    @Test
    void aRefusedJobIsGivenNothing() throws Exception {
        trial.verdict = new Verdict.Refused("not here");
        trial.run(Trial.full());

        assertThat(trial.history).doesNotContain("secrets", "create");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Denied("not here"));
    }

    @Test
    void whatIsNotGoneIsReportedAndTriedAgain() throws Exception {
        trial.engine.stubborn.set(1);
        JobRun run = trial.prepare(Trial.plain());

        assertThat(run.toTheEnd().clean()).isFalse();
        assertThat(trial.history).endsWith("receipt not clean", "phase QUARANTINED");
        assertThat(run.destroyAgain().clean()).isTrue();
        assertThat(trial.history).endsWith("receipt clean", "phase FINISHED");
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
    }

    // -- secrets

    @Test
    void aSecretThatAnEngineEchoesIsMaskedInTheLogAndInTheOutcome() throws Exception {
        trial.engine.step("script", faulty(Fault.ENGINE, "cannot exec: TOKEN=" + Trial.VALUE));
        trial.run(Trial.full());

        assertThat(trial.report.outcome().sentence())
                .contains("cannot exec: TOKEN=")
                .doesNotContain(Trial.VALUE);
        assertThat(trial.report.text()).contains("cannot exec: TOKEN=").doesNotContain(Trial.VALUE);
    }

    @Test
    void aFailureIsMaskedForMayflysOwnLogTooWithItsCausesAndPlaces() {
        IllegalStateException failure =
                new IllegalStateException(
                        "outer " + Trial.VALUE, new RuntimeException("inner " + Trial.VALUE));
        MaskedFailure masked =
                MaskedFailure.of(failure, text -> text.replace(Trial.VALUE, "[masked]"));

        assertThat(masked).hasMessage("java.lang.IllegalStateException: outer [masked]");
        assertThat(masked.getCause()).hasMessage("java.lang.RuntimeException: inner [masked]");
        assertThat(masked.getStackTrace()).isEqualTo(failure.getStackTrace());
    }

    @Test
    void aSecretTooShortToBeMaskedIsRefusedBeforeAnythingIsMade() throws Exception {
        trial.secrets.put("token", "abc");
        trial.run(Trial.full());

        assertThat(trial.history).doesNotContain("create");
        assertThat(trial.report.outcome().sentence())
                .contains("(secret)", "cannot be masked", "use a longer value")
                .doesNotContain("abc");
    }

    @Test
    void bytesThatAreNoTextAreAFileButNoVariable() throws Exception {
        byte[] value = {'k', 'e', 'y', (byte) 0xff, (byte) 0xfe, '1', '2', '3'};
        trial.secrets.put("token", value);
        trial.run(Trial.with(new SecretRequest("KEY", "token", false)));
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Passed());
        assertThat(trial.engine.ran("script").files().getFirst().value().reveal()).isEqualTo(value);

        trial.history.clear();
        trial.run(Trial.with(new SecretRequest("KEY", "token", true)));
        assertThat(trial.report.outcome().sentence())
                .contains("(secret)", "secret KEY is not UTF-8 text", "/run/secrets/KEY", "base64");
        assertThat(trial.history).doesNotContain("create");
    }

    @Test
    void aNulByteIsNoVariableEither() throws Exception {
        trial.secrets.put("token", "long enough\0but not a variable".getBytes(UTF_8));
        trial.run(Trial.with(new SecretRequest("KEY", "token", true)));

        assertThat(trial.report.outcome().sentence())
                .contains("secret KEY has a NUL byte", "variable: true")
                .doesNotContain("long enough");
    }

    @Test
    void variableOfASecretCanHoldThePathOfItsFile() throws Exception {
        trial.run(Trial.with(new SecretRequest("KEY", "token", SecretRequest.Variable.PATH, null)));

        Step script = trial.engine.ran("script");
        assertThat(script.environment()).containsEntry("KEY", "/run/secrets/KEY");
        assertThat(script.files()).extracting(DeliveredFile::name).containsExactly("KEY");
    }

    @Test
    void secretTakesThePlaceOfAFileThatCameWithTheJob() throws Exception {
        trial.run(
                Trial.job(
                        List.of("make"),
                        List.of(),
                        new Inputs(
                                Map.of(),
                                List.of(
                                        new HandedValue(
                                                "KEY",
                                                new SecretValue("of the project".getBytes(UTF_8)),
                                                Set.of(HandedValue.Use.FILE))),
                                List.of(new SecretRequest("KEY", "token", true)),
                                new WorkspaceSource.Empty())));

        assertThat(trial.engine.ran("script").files())
                .singleElement()
                .satisfies(file ->
                        assertThat(file.value().reveal()).isEqualTo(Trial.VALUE.getBytes(UTF_8)));
    }

    @Test
    void maskedValueInTheNameOfAnImageIsNotInTheReceipt() throws Exception {
        trial.engine.whileMaking(notices ->
                notices.uses(
                        new UsedImage(
                                "handed-to-hide.example.com/app",
                                "handed-to-hide.example.com/app@sha256:00")));

        assertThat(trial.run(withSetup()).images())
                .containsExactly(
                        new UsedImage(
                                "[MASKED].example.com/app", "[MASKED].example.com/app@sha256:00"));
    }

    // -- setup

    private static JobSpec withSetup() {
        Steps steps =
                new Steps(
                        List.of("npm ci"),
                        List.of("make"),
                        List.of(),
                        List.of("true"),
                        new Steps.Limits(Duration.ofMinutes(5), null, null),
                        false);
        Inputs inputs =
                new Inputs(
                        Map.of("LEVEL", "debug", "URL", "https://x:handed-to-hide@git.example"),
                        List.of(
                                new HandedValue(
                                        "MASKED",
                                        new SecretValue("handed-to-hide".getBytes(UTF_8)),
                                        Set.of(HandedValue.Use.MASKED, HandedValue.Use.VARIABLE)),
                                new HandedValue(
                                        "OPEN_FILE",
                                        new SecretValue("authorities".getBytes(UTF_8)),
                                        Set.of(HandedValue.Use.FILE))),
                        List.of(new SecretRequest("KEY", "token", true)),
                        new WorkspaceSource.Empty());
        return new JobSpec("build", null, steps, Trial.plain().environment(), inputs, List.of());
    }

    @Test
    void setupRunsBeforeTheScriptAndHasNothingThatNobodyMaySee() throws Exception {
        trial.run(withSetup());

        assertThat(trial.history)
                .containsSubsequence("step setup", "step script", "step after_script");
        Step setup = trial.engine.ran("setup");
        assertThat(setup.place()).isEqualTo(Step.Place.JOB);
        assertThat(setup.environment())
                .containsEntry("LEVEL", "debug")
                .containsEntry("OPEN_FILE", "/run/secrets/OPEN_FILE")
                .doesNotContainKeys("KEY", "MASKED", "URL");
        assertThat(setup.files()).extracting(DeliveredFile::name).containsExactly("OPEN_FILE");
        assertThat(trial.engine.ran("script").environment())
                .containsEntry("KEY", Trial.VALUE)
                .containsEntry("MASKED", "handed-to-hide")
                .containsKey("URL");
        assertThat(trial.report.text()).contains("<setup>\n", "<script>\n");
    }

    @Test
    void failedSetupEndsTheJobBeforeItsScript() throws Exception {
        trial.engine.step("setup", new StepEnd.Exited(7));
        trial.run(withSetup());

        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Failed(7));
        assertThat(trial.history).contains("step after_script").doesNotContain("step script");
    }

    @Test
    void setupAndScriptShareTheirTime() throws Exception {
        trial.engine.step("setup", new StepEnd.TimedOut());
        trial.run(withSetup());

        assertThat(trial.report.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofMinutes(5)));
        assertThat(trial.history).doesNotContain("step script");
    }

    @Test
    void cancellationDuringTheSetupKeepsTheScriptFromBeginning() throws Exception {
        trial.engine.step(
                "setup",
                (_, _, _, _) -> {
                    trial.cancellation.request("enough");
                    return new StepEnd.Exited(0);
                });
        trial.run(withSetup());

        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Cancelled("enough"));
        assertThat(trial.history).doesNotContain("step script");
    }

    /** The server has ended it: nobody waits for what it might clean up. */
    @Test
    void nothingRunsAfterACancellationOfAllOfIt() throws Exception {
        trial.engine.step(
                "script",
                (_, _, _, _) -> {
                    trial.cancellation.requestEntirely("it is over");
                    return new StepEnd.Cancelled();
                });
        trial.run(Trial.full());

        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Cancelled("it is over"));
        assertThat(trial.history).doesNotContain("step after_script");
    }

    @Test
    void afterScriptOutlivesACancellationAndNoneOfAllOfIt() throws Exception {
        trial.engine.step(
                "after_script",
                (_, _, _, cancellation) -> {
                    trial.cancellation.request("enough");
                    assertThat(cancellation.reason()).isNull();
                    trial.cancellation.requestEntirely("it is over");
                    assertThat(cancellation.reason()).isEqualTo("it is over");
                    return new StepEnd.Cancelled();
                });
        trial.run(Trial.full());

        assertThat(trial.history).contains("step after_script");
    }

    // -- news of secrets

    @Test
    void whatBecomesOfSecretsMeanwhileIsSaidInTheLog() throws Exception {
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    print(output, "before\n");
                    trial.secrets.news().accept("the lease of " + Trial.VALUE + " has ended");
                    print(output, "after\n");
                    trial.secrets.news().accept("said by nobody's output");
                    return new StepEnd.Exited(0);
                });
        trial.run(Trial.with(new SecretRequest("KEY", "token", false)));

        assertThat(trial.report.text())
                .containsSubsequence(
                        "before\n", "the lease of [MASKED] has ended", "after\n", "nobody's")
                .doesNotContain(Trial.VALUE);
    }

    // -- cancellation

    enum Moment {
        BEFORE,
        SECRETS,
        SECRETS_AS_FAULT,
        CREATE,
        CREATE_AT_ITS_END,
        CHECKOUT,
        CHECKOUT_AT_ITS_END,
    }

    @ParameterizedTest
    @EnumSource
    void aCancelledPreparationEndsAtOnceAndTheScriptNeverBegins(Moment moment) throws Exception {
        arrange(moment);
        Receipt receipt = trial.run(Trial.full());

        assertThat(receipt.clean()).isTrue();
        assertThat(trial.leftovers()).isFalse();
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Cancelled("enough"));
        assertThat(trial.history).doesNotContain("step script", "step after_script");
        assertThat(trial.report.text()).endsWith("-- the job was cancelled: enough\n");
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    /** Blocks for an interrupt to end it. */
    private static void neverReturn() throws InterruptedException {
        assertThat(new CountDownLatch(1).await(10, TimeUnit.SECONDS)).isTrue();
    }

    private void arrange(Moment moment) {
        switch (moment) {
            case BEFORE -> trial.cancellation.request("enough");
            case SECRETS ->
                    trial.secrets.whileFetching(() -> {
                        trial.cancellation.request("enough");
                        neverReturn();
                    });
            case SECRETS_AS_FAULT ->
                    trial.secrets.whileFetching(() -> {
                        trial.cancellation.request("enough");
                        throw new FaultException(Fault.SECRET, "the channel was closed");
                    });
            case CREATE ->
                    trial.engine.whileMaking(_ -> {
                        trial.cancellation.request("enough");
                        neverReturn();
                    });
            case CREATE_AT_ITS_END ->
                    trial.engine.whileMaking(_ -> trial.cancellation.request("enough"));
            case CHECKOUT ->
                    trial.engine.step(
                            "checkout",
                            (_, _, _, _) -> {
                                trial.cancellation.request("enough");
                                neverReturn();
                                return new StepEnd.Exited(0);
                            });
            case CHECKOUT_AT_ITS_END ->
                    trial.engine.step(
                            "checkout",
                            (_, _, _, _) -> {
                                trial.cancellation.request("enough");
                                return new StepEnd.Exited(0);
                            });
        }
    }

    @Test
    void aCancelledScriptIsEndedByTheSandboxAndCleansUpAfterItself() throws Exception {
        CountDownLatch runs = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        trial.engine.step(
                "script",
                (_, _, _, cancellation) -> {
                    cancellation.whenRequested(told::countDown);
                    runs.countDown();
                    // Not interrupted: the sandbox ends a script its own, gentler way.
                    assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
                    return new StepEnd.Cancelled();
                });
        Thread canceller =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                runs.await();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                            trial.cancellation.request("enough");
                        });
        trial.run(Trial.full());
        canceller.join();

        assertThat(trial.report.outcomes).containsExactly(new Outcome.Cancelled("enough"));
        assertThat(trial.history).contains("step after_script");
        assertThat(trial.engine.ran("after_script").environment())
                .containsEntry("MAYFLY_OUTCOME", "cancelled");
    }

    @Test
    void valueThatTheScriptAddsIsMaskedInEveryStepAndInTheOutcome() throws Exception {
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    SecretValue value = new SecretValue("made-by-the-job".getBytes(UTF_8));
                    assertThat(output.mask("TOKEN", value)).isEmpty();
                    value.forget();
                    print(output, "script: made-by-the-job\n");
                    throw new FaultException(Fault.ENGINE, "lost made-by-the-job");
                });
        trial.run(Trial.full());

        assertThat(trial.report.text()).contains("script: [MASKED]\n");
        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.Faulted(Fault.ENGINE, "lost [MASKED]"));
    }

    @Test
    void valueThatTheScriptAddsIsMaskedInTheAfterScript() throws Exception {
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    output.mask("", new SecretValue("made-by-the-job".getBytes(UTF_8)));
                    return new StepEnd.Exited(0);
                });
        trial.engine.step(
                "after_script",
                (_, output, _, _) -> {
                    print(output, "after: made-by-the-job\n");
                    return new StepEnd.Exited(0);
                });
        trial.run(Trial.full());

        assertThat(trial.report.text()).contains("after: [MASKED]\n").doesNotContain("made-by");
    }

    private static void print(Sandbox.Output output, String text) throws InterruptedException {
        output.write(text.getBytes(UTF_8), 0, text.length());
    }

    @Test
    void aCancellationAfterTheScriptIsTooLate() throws Exception {
        trial.engine.step(
                "after_script",
                (_, _, _, _) -> {
                    trial.cancellation.request("enough");
                    return new StepEnd.Exited(0);
                });
        trial.run(Trial.full());

        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
    }

    @Test
    void aFaultWhileRunningStaysAFaultAlsoWhenSomebodyCancels() throws Exception {
        trial.engine.step(
                "script",
                (_, _, _, _) -> {
                    trial.cancellation.request("enough");
                    throw new FaultException(Fault.ENGINE, "gone");
                });
        trial.run(Trial.plain());

        assertThat(trial.report.outcomes)
                .containsExactly(new Outcome.Faulted(Fault.ENGINE, "gone"));
    }

    @Test
    void anInterruptOfTheCallersEndsTheJobButNotItsTeardown() throws Exception {
        trial.engine.step(
                "script",
                (_, _, _, _) -> {
                    Thread.currentThread().interrupt();
                    return new StepEnd.Exited(0);
                });
        Receipt receipt = trial.run(Trial.plain());

        assertThat(Thread.interrupted()).isTrue(); // given back to the caller
        assertThat(receipt.clean()).isTrue();
        assertThat(trial.report.outcomes).hasSize(1);
    }

    private static FakeEngine.Doing faulty(Fault fault, String message) {
        return (_, _, _, _) -> {
            throw new FaultException(fault, message);
        };
    }

    @Test
    void partOfASecretThatCannotBeMaskedIsToldByItsName() throws Exception {
        trial.secrets.part("KEY.short", "abc");
        trial.run(Trial.with(new SecretRequest("KEY", "token", false)));

        assertThat(trial.report.text())
                .containsPattern("a part of a secret is visible in this log: .*KEY.short.*3 bytes")
                .doesNotContain("abc");
        assertThat(trial.report.outcomes).containsExactly(new Outcome.Passed());
    }
}
