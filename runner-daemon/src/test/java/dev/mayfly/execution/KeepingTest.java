package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.CacheUse;
import dev.mayfly.job.Dependency;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.Steps;
import dev.mayfly.job.Transfers;
import dev.mayfly.job.When;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.source.Exchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is brought before a job's script and kept after it, in which order, and what that changes.
 */
class KeepingTest {

    private static final String LISTING =
            "rf\u0000644\u00005\u00001700000000.0\u0000out.txt\u0000\u0000";

    private Trial trial;
    private final List<String> sent = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private Transfers transfers = Transfers.NONE;

    /** What earlier jobs have kept; empty when that has expired. */
    private byte[] archive = {};

    @BeforeEach
    void open(@TempDir Path folder) {
        trial = new Trial(folder);
        trial.report.exchange =
                new Exchange() {
                    @Override
                    public Transfers transfers() {
                        return transfers;
                    }

                    @Override
                    public void fetch(Dependency dependency, FileChannel into, long mostBytes) {
                        trial.history.add("fetch " + dependency.id());
                        if (archive.length > 0) {
                            try {
                                into.write(ByteBuffer.wrap(archive));
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                            return;
                        }
                        throw new FaultException(Fault.ARTIFACTS, "they have expired");
                    }

                    @Override
                    public String send(Artifact artifact, Exchange.Content content)
                            throws InterruptedException {
                        if (refused.contains(artifact.label().type())) {
                            throw new FaultException(Fault.ARTIFACTS, "the server is full");
                        }
                        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                        try {
                            content.writeTo(bytes);
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                        sent.add(artifact.label().type());
                        return "kept";
                    }
                };
        trial.engine.step("list", (_, output, _, _) -> print(output, LISTING));
        trial.engine.step("read", (_, output, _, _) -> print(output, "12345"));
    }

    @AfterEach
    void close() {
        trial.close();
    }

    @Test
    void filesAreReadWhenTheJobsContainerIsGone() throws Exception {
        transfers = keeping(artifact("archive", When.ON_SUCCESS));
        trial.run(Trial.full());

        assertThat(trial.history)
                .containsSubsequence(
                        "step script", "step after_script", "seal", "step list", "step read");
        assertThat(sent).containsExactly("archive");
        assertThat(trial.report.text()).contains("<upload_artifacts_on_success>");
        assertThat(trial.engine.ran("read").environment())
                .doesNotContainKeys("TOKEN", "LEVEL", "MAYFLY_JOB_ID");
        assertThat(trial.engine.ran("read").files()).isEmpty();
    }

    @Test
    void jobThatKeepsNothingNeedsNoReader() throws Exception {
        transfers = keeping(artifact("archive", When.ON_FAILURE));
        trial.run(Trial.plain());

        assertThat(trial.history).doesNotContain("seal");
    }

    @Test
    void whatIsKeptFollowsTheOutcome() throws Exception {
        transfers =
                keeping(
                        artifact("archive", When.ON_SUCCESS),
                        artifact("junit", When.ALWAYS),
                        artifact("logs", When.ON_FAILURE));
        trial.engine.step("script", new StepEnd.Exited(3));
        trial.run(Trial.plain());

        assertThat(sent).containsExactly("junit", "logs");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Failed(3));
        assertThat(trial.report.text()).contains("<upload_artifacts_on_failure>");
    }

    @Test
    void artifactThatCannotBeKeptFailsAJobThatPassedAndHindersNoOther() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS), artifact("junit", When.ALWAYS));
        refused.add("archive");
        trial.run(Trial.plain());

        assertThat(sent).containsExactly("junit");
        assertThat(trial.report.outcome())
                .isInstanceOfSatisfying(
                        Outcome.Faulted.class,
                        faulted -> {
                            assertThat(faulted.fault()).isEqualTo(Fault.ARTIFACTS);
                            assertThat(faulted.detail()).contains("archive", "server is full");
                        });
    }

    @Test
    void howTheScriptEndedCountsForMore() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        refused.add("archive");
        trial.engine.step("script", new StepEnd.Exited(3));
        trial.run(Trial.plain());

        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Failed(3));
        assertThat(trial.report.text()).contains("not all files of the job were kept");
    }

    @Test
    void jobThatHasPassedItsLimitKeepsNothing() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        trial.engine.step(
                "script",
                (_, _, limit, _) -> {
                    never().await(limit.toNanos() + 1_000_000, TimeUnit.NANOSECONDS);
                    return new StepEnd.TimedOut();
                });
        trial.run(limited(Duration.ofMillis(50)));

        assertThat(sent).isEmpty();
        assertThat(trial.report.outcome()).isInstanceOf(Outcome.TimedOut.class);
    }

    @Test
    void uploadThatPassesTheJobsLimitIsEnded() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        trial.engine.step(
                "read",
                (_, _, _, _) -> {
                    never().await();
                    return new StepEnd.Exited(0);
                });
        trial.run(limited(Duration.ofMillis(400)));

        assertThat(trial.report.outcome()).isInstanceOf(Outcome.TimedOut.class);
    }

    @Test
    void fileWithASecretIsNamedAndNotItsValue() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        printFile("canary-Q7wXr");
        trial.run(
                with(
                        new HandedValue(
                                "PASSWORD",
                                secret("canary-Q7wXr"),
                                Set.of(HandedValue.Use.MASKED))));

        assertThat(sent).isEmpty();
        assertThat(trial.report.text())
                .containsOnlyOnce("out.txt holds the value of PASSWORD")
                .doesNotContain("canary");
        assertThat(trial.report.outcome()).isInstanceOf(Outcome.Faulted.class);
    }

    @Test
    void fileWithAFetchedSecretIsNotKept() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        printFile(Trial.VALUE);
        trial.run(Trial.with(new SecretRequest("TOKEN", "token", true)));

        assertThat(sent).isEmpty();
        assertThat(trial.report.text())
                .contains("out.txt holds the value of TOKEN")
                .doesNotContain(Trial.VALUE);
    }

    @Test
    void fileWithWhatCameOfTheFetchingIsNotKept() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        trial.secrets.derive("the job's own token", "canary-Q7wXr");
        printFile("canary-Q7wXr");
        trial.run(Trial.with(new SecretRequest("TOKEN", "token", true)));

        assertThat(sent).isEmpty();
        assertThat(trial.report.text())
                .contains("out.txt holds the value of the job's own token")
                .doesNotContain("canary");
    }

    @Test
    void contentsThatAreNotThoseListedAreNotKept() throws Exception {
        transfers = keeping(artifact("archive", When.ALWAYS));
        trial.engine.step("read", (_, output, _, _) -> print(output, "123456"));
        trial.run(Trial.plain());

        assertThat(sent).isEmpty();
        assertThat(trial.report.text()).contains("could not be read as they were listed");
    }

    @Test
    void jobWhoseArtifactsAreGoneDoesNotBegin() throws Exception {
        transfers =
                new Transfers("7", List.of(new Dependency("12", "build", 5)), List.of(), List.of());
        trial.run(Trial.plain());

        assertThat(trial.history).contains("fetch 12").doesNotContain("step script");
        assertThat(trial.engine.made.getFirst().checkout()).isEqualTo(SandboxSpec.Checkout.OFFLINE);
        assertThat(trial.report.text())
                .contains("<download_artifacts>")
                .contains("artifacts of job build (12): they have expired");
    }

    @Test
    void jobWithoutSourcesKeepsWhatItKeepsOfFailures() throws Exception {
        transfers =
                keeping(
                        artifact("archive", When.ON_SUCCESS),
                        artifact("junit", When.ALWAYS),
                        artifact("logs", When.ON_FAILURE));
        trial.engine.step("checkout", new StepEnd.Exited(128));
        trial.run(Trial.full());

        assertThat(trial.history)
                .containsSubsequence("step checkout", "seal", "step read")
                .doesNotContain("step script", "step after_script");
        assertThat(sent).containsExactly("junit", "logs");
        assertThat(trial.report.text()).contains("<upload_artifacts_on_failure>");
        assertThat(trial.report.outcome())
                .isInstanceOfSatisfying(
                        Outcome.Faulted.class,
                        faulted -> assertThat(faulted.fault()).isEqualTo(Fault.WORKSPACE));
    }

    @Test
    void jobWhoseSourcesTookTooLongKeepsNothing() throws Exception {
        transfers = keeping(artifact("junit", When.ALWAYS));
        trial.engine.step("checkout", new StepEnd.TimedOut());
        trial.run(Trial.full());

        assertThat(sent).isEmpty();
        assertThat(trial.history).doesNotContain("seal");
    }

    @Test
    void jobWithoutTheArtifactsOfAnEarlierOneKeepsWhatItKeepsOfFailures() throws Exception {
        transfers =
                new Transfers(
                        "7",
                        List.of(new Dependency("12", "build", 5)),
                        List.of(),
                        List.of(artifact("junit", When.ALWAYS)));
        refused.add("junit");
        trial.run(Trial.plain());

        assertThat(trial.history).contains("seal").doesNotContain("step script");
        assertThat(trial.report.text()).contains("not all files of the job were kept");
        assertThat(trial.report.outcome().sentence()).contains("they have expired");
    }

    @Test
    void secretsAreAskedForAgainAsOftenAsTheJobWishesWhenTheirProviderFails() throws Exception {
        transfers =
                new Transfers("7", List.of(), List.of(), List.of(), new Transfers.Attempts(1, 2));
        List<Fault> faults = new ArrayList<>(List.of(Fault.SECRETS_PROVIDER));
        trial.secrets.whileFetching(() -> {
            if (!faults.isEmpty()) {
                throw new FaultException(faults.removeFirst(), "it is sealed");
            }
        });
        JobSpec job = Trial.with(new SecretRequest("TOKEN", "token", true));
        trial.run(job);

        assertThat(trial.history).filteredOn("secrets"::equals).hasSize(2);
        assertThat(trial.report.text())
                .containsSubsequence(
                        "the secrets could not be fetched: it is sealed",
                        "Trying again, attempts left: 1");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Passed());

        // What is not to be had by this job will not be, however often one asks.
        faults.add(Fault.SECRET);
        trial.run(job);
        assertThat(trial.history).filteredOn("secrets"::equals).hasSize(3);
        assertThat(trial.report.outcomes.getLast())
                .isEqualTo(new Outcome.Faulted(Fault.SECRET, "it is sealed"));

        faults.addAll(List.of(Fault.SECRETS_PROVIDER, Fault.SECRETS_PROVIDER));
        trial.run(job);
        assertThat(trial.history).filteredOn("secrets"::equals).hasSize(5);
        assertThat(trial.report.outcomes.getLast())
                .isEqualTo(new Outcome.Faulted(Fault.SECRETS_PROVIDER, "it is sealed"));
    }

    @Test
    void cancelledPreparationKeepsNothing() throws Exception {
        transfers = keeping(artifact("junit", When.ALWAYS));
        trial.engine.step(
                "checkout",
                (_, _, _, _) -> {
                    trial.cancellation.request("a test wants it");
                    return new StepEnd.Exited(128);
                });
        trial.run(Trial.full());

        assertThat(sent).isEmpty();
        assertThat(trial.report.outcome()).isInstanceOf(Outcome.Cancelled.class);
    }

    @Test
    void cacheIsTriedAgainAsOftenAsTheJobWishes() throws Exception {
        trial.caches =
                new CacheStore() {
                    @Override
                    public Optional<Found> find(CacheScope scope, List<String> keys)
                            throws IOException {
                        trial.history.add("find");
                        if (trial.history.stream().filter("find"::equals).count() == 1) {
                            throw new IOException("it is damaged, and was thrown away");
                        }
                        return Optional.empty();
                    }

                    @Override
                    public void save(CacheScope scope, String key, CacheStore.Content content) {}
                };
        transfers =
                new Transfers(
                        "7",
                        List.of(),
                        List.of(
                                new CacheUse(
                                        "deps",
                                        List.of(),
                                        CacheUse.Direction.PULL,
                                        When.ON_SUCCESS,
                                        new CacheUse.Files(files(), -1))),
                        List.of(),
                        new Transfers.Attempts(5, 1));
        trial.run(Trial.plain());

        assertThat(trial.history).filteredOn("find"::equals).hasSize(2);
        assertThat(trial.report.text())
                .containsSubsequence(
                        "cache deps was not restored: it is damaged",
                        "Trying again, attempts left: 4",
                        "No cache is there yet");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Passed());
    }

    @Test
    void defectOfACacheStoreCostsACacheAndNotTheJob() throws Exception {
        trial.caches =
                new CacheStore() {
                    @Override
                    public Optional<Found> find(CacheScope scope, List<String> keys) {
                        throw new IllegalStateException("the key is canary-key");
                    }

                    @Override
                    public void save(CacheScope scope, String key, CacheStore.Content content) {
                        throw new NullPointerException("canary-key");
                    }
                };
        transfers =
                new Transfers(
                        "7",
                        List.of(),
                        List.of(
                                new CacheUse(
                                        "deps",
                                        List.of(),
                                        CacheUse.Direction.PULL_PUSH,
                                        When.ON_SUCCESS,
                                        new CacheUse.Files(files(), -1))),
                        List.of(artifact("archive", When.ALWAYS)));
        trial.run(Trial.plain());

        assertThat(trial.report.text())
                .contains(
                        "cache deps was not restored: a defect in Mayfly; its own log says which",
                        "cache deps was not saved: a defect in Mayfly; its own log says which")
                .doesNotContain("canary");
        assertThat(sent).containsExactly("archive");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Passed());
    }

    @Test
    void archiveThatHoldsPartOfARepositoryIsUnpackedWithAWarning() throws Exception {
        archive = zip(".git/config", "out.txt");
        transfers =
                new Transfers("7", List.of(new Dependency("12", "build", 5)), List.of(), List.of());
        trial.run(Trial.plain());

        assertThat(trial.report.text())
                .containsSubsequence(
                        "Part of .git directory is on the list of files to extract",
                        "This may introduce unexpected problems",
                        "Unpacked 3 files and directories");

        archive = zip(".github/config", "out.git");
        trial.run(Trial.plain());
        assertThat(trial.report.text()).containsOnlyOnce("Part of .git directory");
    }

    private static byte[] zip(String... names) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (String name : names) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write('x');
            }
        }
        return bytes.toByteArray();
    }

    @Test
    void cacheThatFailsCostsOnlyTime() throws Exception {
        trial.caches =
                new CacheStore() {
                    @Override
                    public Optional<Found> find(CacheScope scope, List<String> keys)
                            throws IOException {
                        trial.history.add("find " + keys + " of " + scope.project());
                        throw new IOException("the disk is broken");
                    }

                    @Override
                    public void save(CacheScope scope, String key, CacheStore.Content content)
                            throws IOException {
                        throw new IOException("the disk is full");
                    }
                };
        transfers =
                new Transfers(
                        "7",
                        List.of(),
                        List.of(
                                new CacheUse(
                                        "deps",
                                        List.of("old"),
                                        CacheUse.Direction.PULL_PUSH,
                                        When.ON_SUCCESS,
                                        new CacheUse.Files(files(), -1))),
                        List.of(artifact("archive", When.ALWAYS)));
        trial.run(Trial.plain());

        assertThat(trial.history)
                .containsSubsequence(
                        "find [deps, old] of 7", "end checkout", "step script", "seal");
        assertThat(trial.report.text())
                .contains("cache deps was not restored: the disk is broken")
                .contains("cache deps was not saved: the disk is full")
                .containsSubsequence("<archive_cache>", "<upload_artifacts_on_success>");
        assertThat(sent).containsExactly("archive");
        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Passed());
    }

    /** The one file that is kept holds this. */
    private void printFile(String content) {
        String length = "\u0000" + content.length() + "\u0000";
        trial.engine.step(
                "list",
                (_, output, _, _) -> print(output, LISTING.replace("\u00005\u0000", length)));
        trial.engine.step("read", (_, output, _, _) -> print(output, content));
    }

    private static StepEnd print(dev.mayfly.sandbox.Sandbox.Output output, String text)
            throws InterruptedException {
        byte[] bytes = text.getBytes(UTF_8);
        output.write(bytes, 0, bytes.length);
        return new StepEnd.Exited(0);
    }

    private static CountDownLatch never() {
        return new CountDownLatch(1);
    }

    private static Transfers keeping(Artifact... artifacts) {
        return new Transfers("7", List.of(), List.of(), List.of(artifacts));
    }

    private static Artifact artifact(String type, When when) {
        return new Artifact(
                new Artifact.Label(type, "artifacts", ""),
                new Artifact.Packing(Artifact.Form.ZIP, -1),
                when,
                files());
    }

    private static FileSelection files() {
        return new FileSelection(List.of("*.txt"), List.of(), false);
    }

    private static SecretValue secret(String text) {
        return new SecretValue(text.getBytes(UTF_8));
    }

    private static JobSpec with(HandedValue value) {
        return Trial.job(
                List.of("make"),
                List.of(),
                new Inputs(Map.of(), List.of(value), List.of(), new WorkspaceSource.Empty()));
    }

    private static JobSpec limited(Duration whole) {
        JobSpec plain = Trial.plain();
        return new JobSpec(
                plain.name(),
                plain.pool(),
                new Steps(List.of("make"), List.of(), new Steps.Limits(null, null, whole), false),
                plain.environment(),
                plain.inputs(),
                List.of());
    }
}
