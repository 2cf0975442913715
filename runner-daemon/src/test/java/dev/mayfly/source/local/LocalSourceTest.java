package dev.mayfly.source.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.WrittenLog;
import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.Backlog;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalSourceTest {

    private static final LifeId OTHER = new LifeId("l-other");
    private static final Duration NOW = Duration.ZERO;

    @TempDir Path folder;
    private StateDirectory directory;
    private StateStore store;
    private LocalSource source;

    @BeforeEach
    void open() {
        directory = new StateDirectory(folder.resolve("state"));
        store = StateStore.open(directory);
        source = TestJobs.source(store, TestJobs.LIFE);
    }

    @AfterEach
    void close() {
        source.close();
        store.close();
    }

    private Claim claimed() throws InterruptedException {
        return source.claim(TestJobs.POOL, NOW).orElseThrow();
    }

    private void drainTo(Collection<JobId> claimed) throws InterruptedException {
        Optional<Claim> next = source.claim(TestJobs.POOL, NOW);
        while (next.isPresent()) {
            claimed.add(next.get().job());
            next = source.claim(TestJobs.POOL, NOW);
        }
    }

    private LocalJob job(JobId id) {
        return source.job(id).orElseThrow();
    }

    private static Receipt receipt(JobId job, boolean verified) {
        return new Receipt(
                job,
                TestJobs.LIFE,
                Instant.parse("2026-02-03T04:05:06Z"),
                List.of(
                        new Receipt.Disposal(
                                new OwnedResource(OwnedResource.Kind.VOLUME, "v"),
                                verified,
                                "asked, and it was not there")));
    }

    @Test
    void jobsAreHandedOutOnceAndInTheOrderTheyCame() throws Exception {
        List<JobId> submitted = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            submitted.add(source.submit(TestJobs.job("job " + i)));
        }
        List<JobId> claimed = new ArrayList<>();
        drainTo(claimed);
        assertThat(claimed).isEqualTo(submitted);
    }

    @Test
    void manyClaimersGetEachJobOnce() throws Exception {
        Set<JobId> submitted = new HashSet<>();
        for (int i = 0; i < 40; i++) {
            submitted.add(source.submit(TestJobs.job("job " + i)));
        }
        ConcurrentLinkedQueue<JobId> claimed = new ConcurrentLinkedQueue<>();
        List<Thread> claimers = new ArrayList<>();
        for (int t = 0; t < 6; t++) {
            claimers.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    drainTo(claimed);
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
        for (Thread claimer : claimers) {
            claimer.join();
        }
        assertThat(claimed).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(submitted);
    }

    @Test
    void aJobGoesToThePoolItAsksForOrToTheDefault() throws Exception {
        PoolName trusted = new PoolName("trusted");
        JobId plain = source.submit(TestJobs.job("plain"));
        JobId asking =
                source.submit(
                        TestJobs.job("asking", trusted, Map.of(), new WorkspaceSource.Empty()));
        assertThat(source.claim(trusted, NOW)).map(Claim::job).contains(asking);
        assertThat(source.claim(trusted, NOW)).isEmpty();
        assertThat(source.claim(TestJobs.POOL, NOW)).map(Claim::job).contains(plain);
    }

    @Test
    void aWaitingClaimerGetsAJobAsSoonAsItComes() throws Exception {
        CountDownLatch got = new CountDownLatch(1);
        Thread claimer =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                source.claim(TestJobs.POOL, Duration.ofSeconds(20))
                                        .ifPresent(_ -> got.countDown());
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        source.submit(TestJobs.job("late"));
        assertThat(got.await(5, TimeUnit.SECONDS)).isTrue();
        claimer.join();
    }

    @Test
    void aJobOfAnotherProcessIsNoticedWhileWaiting() throws Exception {
        source.start();
        try (StateStore theirs = StateStore.open(directory)) {
            LocalSource other = TestJobs.source(theirs, OTHER);
            Thread claimer = Thread.currentThread();
            Thread submitter =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    Eventually.holds(
                                            "the claimer waits",
                                            Duration.ofSeconds(10),
                                            () -> claimer.getState() == Thread.State.TIMED_WAITING);
                                    other.submit(TestJobs.job("theirs"));
                                } catch (InterruptedException | SubmitRefusedException e) {
                                    throw new IllegalStateException(e);
                                }
                            });
            assertThat(source.claim(TestJobs.POOL, Duration.ofSeconds(20))).isPresent();
            submitter.join();
        }
    }

    @Test
    void aRefusedJobLeavesNothing() throws Exception {
        Path tar = Files.writeString(folder.resolve("work.tar"), "tar");
        assertThatThrownBy(() ->
                        source.submit(
                                TestJobs.job(
                                        "forbidden",
                                        null,
                                        Map.of(),
                                        new WorkspaceSource.Archive(tar))))
                .isInstanceOf(SubmitRefusedException.class)
                .hasMessageContaining("rename it");
        assertThat(source.list(new JobQuery(JobQuery.State.ANY, 10, null))).isEmpty();
        assertThat(tar).exists();
        assertThat(directory.uploads().toFile().list()).containsExactly("incoming");
    }

    @Test
    void aFullQueueRefusesOneMore() throws Exception {
        LocalSource small =
                new LocalSource(
                        new LocalSourceSettings(
                                "small",
                                TestJobs.POOL,
                                LocalSourceSettings.Queue.SHARED,
                                Duration.ofDays(1),
                                2),
                        TestJobs.LIFE,
                        store,
                        TestJobs.TEXT,
                        _ -> Optional.empty(),
                        Clock.systemUTC());
        small.submit(TestJobs.job("a"));
        small.submit(TestJobs.job("b"));
        assertThatThrownBy(() -> small.submit(TestJobs.job("c")))
                .isInstanceOf(SubmitRefusedException.class)
                .hasMessageContaining("full");
        assertThat(small.claim(TestJobs.POOL, NOW)).isPresent();
        assertThat(small.submit(TestJobs.job("c"))).isNotNull();
    }

    @Test
    void theWayOfAJobIsKeptStepByStep() throws Exception {
        JobId id = source.submit(TestJobs.job("way"));
        assertThat(job(id).state().phase()).isEqualTo(JobPhase.QUEUED);
        Claim claim = claimed();
        assertThat(claim.source()).isEqualTo("local");
        assertThat(job(id).state().times().claimed()).isNotNull();
        JobReport report = source.report(claim);
        assertThat(report.logs()).hasSize(1);
        report.phase(JobPhase.PREPARING);
        assertThat(job(id).state().times().started()).isNull();
        report.phase(JobPhase.RUNNING);
        assertThat(job(id).state().times().started()).isNotNull();
        report.finished(new Outcome.Failed(3));
        assertThat(job(id).state().phase()).isEqualTo(JobPhase.TEARING_DOWN);
        report.released(receipt(id, false));
        assertThat(job(id).state().phase()).isEqualTo(JobPhase.QUARANTINED);
        report.released(receipt(id, true));
        JobState end = job(id).state();
        assertThat(end.phase()).isEqualTo(JobPhase.FINISHED);
        assertThat(end.outcome()).isEqualTo(new Outcome.Failed(3));
        assertThat(end.receipt()).isEqualTo(receipt(id, true));
    }

    @Test
    void theFirstOutcomeAndTheFirstCleanReceiptCount() throws Exception {
        JobId id = source.submit(TestJobs.job("twice"));
        JobReport report = source.report(claimed());
        report.finished(new Outcome.Passed());
        report.finished(new Outcome.Failed(1));
        report.released(receipt(id, true));
        source.released(new Receipt(id, OTHER, Instant.now(), List.of()));
        assertThat(job(id).state().outcome()).isEqualTo(new Outcome.Passed());
        assertThat(job(id).state().receipt()).isEqualTo(receipt(id, true));
    }

    @Test
    void aReceiptThatALaterSweepMadeReleasesTheJobToo() throws Exception {
        JobId id = source.submit(TestJobs.job("quarantined"));
        Claim claim = claimed();
        JobReport report = source.report(claim);
        report.finished(new Outcome.Passed());
        report.released(receipt(id, false));
        assertThat(source.report(claim)).isSameAs(report);
        source.released(receipt(id, true));
        assertThat(job(id).state().phase()).isEqualTo(JobPhase.FINISHED);
        assertThatThrownBy(() -> source.report(claim)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyOutcomeSurvivesStorage() throws Exception {
        List<Outcome> outcomes =
                List.of(
                        new Outcome.Passed(),
                        new Outcome.Failed(137),
                        new Outcome.OutOfMemory(1 << 30),
                        new Outcome.TimedOut(Duration.ofMillis(1500)),
                        new Outcome.Cancelled("by me"),
                        new Outcome.Denied("the rule"),
                        new Outcome.Faulted(Fault.IMAGE, "no such image"),
                        new Outcome.Lost());
        for (Outcome outcome : outcomes) {
            JobId id = source.submit(TestJobs.job("o"));
            source.report(claimed()).finished(outcome);
            assertThat(job(id).state().outcome()).isEqualTo(outcome);
            assertThat(JobJson.job(JobJson.job(job(id)))).isEqualTo(job(id));
        }
    }

    @Test
    void aWaitingJobThatIsCancelledNeverRuns() throws Exception {
        JobId id = source.submit(TestJobs.job("unwanted"));
        assertThat(source.cancel(id, "by test")).contains(CancelEffect.ENDED);
        assertThat(source.claim(TestJobs.POOL, NOW)).isEmpty();
        assertThat(job(id).state().outcome()).isEqualTo(new Outcome.Cancelled("by test"));
        assertThat(job(id).state().phase()).isEqualTo(JobPhase.FINISHED);
        assertThat(source.cancel(id, "again")).contains(CancelEffect.TOO_LATE);
        assertThat(source.cancel(new JobId("j-none"), "x")).isEmpty();
    }

    @Test
    void aRunningJobIsTold() throws Exception {
        JobId id = source.submit(TestJobs.job("running"));
        Claim claim = claimed();
        assertThat(source.cancel(id, "by test")).contains(CancelEffect.REQUESTED);
        assertThat(claim.cancellation().reason()).isEqualTo("by test");
        assertThat(job(id).state().outcome()).isNull();
        assertThat(job(id).state().cancelReason()).isEqualTo("by test");
    }

    @Test
    void aJobThatRunsInAnotherProcessIsToldToo() throws Exception {
        source.start();
        JobId id = source.submit(TestJobs.job("running"));
        Claim claim = claimed();
        CountDownLatch told = new CountDownLatch(1);
        claim.cancellation().whenRequested(told::countDown);
        try (StateStore theirs = StateStore.open(directory)) {
            LocalSource other = TestJobs.source(theirs, OTHER);
            assertThat(other.cancel(id, "from elsewhere")).contains(CancelEffect.REQUESTED);
        }
        assertThat(told.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(claim.cancellation().reason()).isEqualTo("from elsewhere");
    }

    @Test
    void jobsOfADeadLifeAreLostAndNeverRunAgain() throws Exception {
        JobId running = source.submit(TestJobs.job("running"));
        claimed();
        JobId ended = source.submit(TestJobs.job("ended"));
        source.report(claimed()).finished(new Outcome.Passed());
        JobId waiting = source.submit(TestJobs.job("waiting"));

        LocalSource later = TestJobs.source(store, OTHER);
        assertThat(later.recover(() -> Set.of(OTHER))).containsExactly(running, ended);
        assertThat(job(running).state().outcome()).isEqualTo(new Outcome.Lost());
        assertThat(job(ended).state().outcome()).isEqualTo(new Outcome.Passed());
        assertThat(later.claim(TestJobs.POOL, NOW)).map(Claim::job).contains(waiting);
        assertThat(later.claim(TestJobs.POOL, NOW)).isEmpty();

        later.released(receipt(running, true));
        assertThat(later.recover(() -> Set.of(OTHER))).containsExactly(ended);
        assertThat(job(running).state().phase()).isEqualTo(JobPhase.FINISHED);
    }

    @Test
    void jobsOfALifeThatRunsAreLeftAlone() throws Exception {
        JobId id = source.submit(TestJobs.job("running"));
        claimed();
        LocalSource beside = TestJobs.source(store, OTHER);
        assertThat(beside.recover(() -> Set.of(OTHER, TestJobs.LIFE))).isEmpty();
        assertThat(job(id).state().ended()).isFalse();
    }

    @Test
    void whatWaitsIsToldByPool() throws Exception {
        source.submit(TestJobs.job("one"));
        source.submit(TestJobs.job("two"));

        assertThat(source.backlog(TestJobs.POOL).orElseThrow().jobs()).isEqualTo(2);
        Backlog none = source.backlog(new PoolName("elsewhere")).orElseThrow();
        assertThat(none).isEqualTo(new Backlog(0, Duration.ZERO));

        Claim claim = source.claim(TestJobs.POOL, Duration.ZERO).orElseThrow();
        assertThat(source.backlog(TestJobs.POOL).orElseThrow().jobs()).isEqualTo(1);
        assertThat(source.report(claim).waited().orElseThrow())
                .isBetween(Duration.ZERO, Duration.ofMinutes(5));
    }

    @Test
    void aPrivateJobRunsInItsOwnProcessOnly() throws Exception {
        LocalSource own = TestJobs.source(store, OTHER, LocalSourceSettings.Queue.PRIVATE);
        JobId shared = source.submit(TestJobs.job("shared"));
        JobId mine = own.submit(TestJobs.job("mine"));
        assertThat(own.claim(TestJobs.POOL, NOW)).map(Claim::job).contains(mine);
        assertThat(own.claim(TestJobs.POOL, NOW)).isEmpty();
        assertThat(source.claim(TestJobs.POOL, NOW)).map(Claim::job).contains(shared);
        assertThat(source.claim(TestJobs.POOL, NOW)).isEmpty();
    }

    @Test
    void aPrivateJobEndsWithItsProcess() throws Exception {
        LocalSource own = TestJobs.source(store, OTHER, LocalSourceSettings.Queue.PRIVATE);
        JobId mine = own.submit(TestJobs.job("mine"));
        assertThat(source.recover(() -> Set.of(TestJobs.LIFE))).isEmpty();
        assertThat(job(mine).state().outcome()).isInstanceOf(Outcome.Cancelled.class);
    }

    @Test
    void whatWaitsIsReviewedAtTheNextStart() throws Exception {
        LocalSource lenient =
                new LocalSource(
                        new LocalSourceSettings(
                                "local",
                                TestJobs.POOL,
                                LocalSourceSettings.Queue.SHARED,
                                Duration.ofDays(1),
                                10),
                        OTHER,
                        store,
                        TestJobs.TEXT,
                        _ -> Optional.empty(),
                        Clock.systemUTC());
        JobId refused = lenient.submit(TestJobs.job("forbidden now"));
        JobId fine = lenient.submit(TestJobs.job("fine"));
        source.start();
        assertThat(job(refused).state().outcome()).isInstanceOf(Outcome.Denied.class);
        assertThat(claimed().job()).isEqualTo(fine);
    }

    @Test
    void aStoredJobThatNobodyCanReadEndsAndTheNextIsTaken() throws Exception {
        JobId broken = source.submit(TestJobs.job("broken"));
        JobId fine = source.submit(TestJobs.job("fine"));
        store.write(
                in -> in.update("UPDATE local_job SET spec = '{}' WHERE id = ?", broken.value()));
        assertThat(claimed().job()).isEqualTo(fine);
        assertThat(job(broken).state().outcome()).isInstanceOf(Outcome.Faulted.class);
    }

    @Test
    void aPackedWorkspaceIsKeptUntilTheJobHasEnded() throws Exception {
        Path tar = Files.writeString(folder.resolve("work.tar"), "content");
        source.submit(TestJobs.job("packed", null, Map.of(), new WorkspaceSource.Archive(tar)));
        assertThat(tar).doesNotExist();
        Claim claim = claimed();
        Path kept = ((WorkspaceSource.Archive) claim.spec().inputs().workspace()).tar();
        assertThat(kept).hasContent("content").hasParent(directory.uploads());
        assertThat(Files.getPosixFilePermissions(kept)).isEqualTo(StateDirectory.PRIVATE_FILE);
        source.report(claim).finished(new Outcome.Passed());
        assertThat(kept).doesNotExist();
    }

    @Test
    void aPackedWorkspaceGoesWithACancelledJob() throws Exception {
        Path bundle = Files.writeString(folder.resolve("b"), "content");
        JobId id =
                source.submit(
                        TestJobs.job(
                                "packed",
                                null,
                                Map.of(),
                                new WorkspaceSource.Bundle(bundle, "c".repeat(40))));
        assertThat(directory.uploads().resolve(id.value())).exists();
        source.cancel(id, "no");
        assertThat(directory.uploads().resolve(id.value())).doesNotExist();
    }

    @Test
    void whatACrashLeftOfUploadsIsDeleted() throws Exception {
        Path tar = Files.writeString(folder.resolve("work.tar"), "content");
        JobId waiting =
                source.submit(TestJobs.job("w", null, Map.of(), new WorkspaceSource.Archive(tar)));
        Path needed = directory.uploads().resolve(waiting.value());
        Path old = Files.writeString(directory.uploads().resolve("j-gone"), "x");
        Path half = Files.writeString(directory.incoming().resolve("some-upload"), "x");
        Path fresh = Files.writeString(directory.incoming().resolve("fresh"), "x");
        FileTime yesterday = FileTime.from(Instant.now().minus(Duration.ofDays(1)));
        for (Path file : List.of(needed, old, half)) {
            Files.setLastModifiedTime(file, yesterday);
        }
        source.tidy();
        assertThat(old).doesNotExist();
        assertThat(half).doesNotExist();
        assertThat(fresh).exists();
        assertThat(needed).exists();
    }

    @Test
    void finishedJobsAndTheirLogsAreForgottenInTime() throws Exception {
        JobId old = source.submit(TestJobs.job("old"));
        JobReport report = source.report(claimed());
        new WrittenLog(report.logs().getFirst()).output("hi\n");
        report.finished(new Outcome.Passed());
        report.released(receipt(old, true));
        JobId stuck = source.submit(TestJobs.job("stuck"));
        JobReport stuckReport = source.report(claimed());
        stuckReport.finished(new Outcome.Passed());
        stuckReport.released(receipt(stuck, false));
        JobId waiting = source.submit(TestJobs.job("waiting"));
        source.tidy();
        assertThat(source.job(old)).isPresent();

        LocalSource later =
                new LocalSource(
                        new LocalSourceSettings(
                                "local",
                                TestJobs.POOL,
                                LocalSourceSettings.Queue.SHARED,
                                Duration.ofDays(7),
                                10),
                        OTHER,
                        store,
                        TestJobs.TEXT,
                        _ -> Optional.empty(),
                        Clock.fixed(Instant.now().plus(Duration.ofDays(8)), ZoneOffset.UTC));
        later.tidy();
        assertThat(source.job(old)).isEmpty();
        assertThat(directory.logs().toFile().list()).isEmpty();
        assertThat(source.job(stuck)).isPresent();
        assertThat(source.job(waiting)).isPresent();
    }

    @Test
    void jobsAreListedNewestFirstPageByPage() throws Exception {
        List<JobId> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.add(source.submit(TestJobs.job("job " + i)));
        }
        claimed();
        source.report(claimed()).finished(new Outcome.Passed());
        assertThat(ids(JobQuery.State.ANY, 2, null)).containsExactly(ids.get(4), ids.get(3));
        assertThat(ids(JobQuery.State.ANY, 9, ids.get(3)))
                .containsExactly(ids.get(2), ids.get(1), ids.get(0));
        assertThat(ids(JobQuery.State.QUEUED, 9, null)).hasSize(3);
        assertThat(ids(JobQuery.State.RUNNING, 9, null)).containsExactly(ids.get(0));
        assertThat(ids(JobQuery.State.ENDED, 9, null)).containsExactly(ids.get(1));
    }

    private List<JobId> ids(JobQuery.State state, int limit, @Nullable JobId after) {
        return source.list(new JobQuery(state, limit, after)).stream().map(LocalJob::id).toList();
    }
}
