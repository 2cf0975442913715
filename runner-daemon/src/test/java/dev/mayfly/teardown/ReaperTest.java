package dev.mayfly.teardown;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import dev.mayfly.teardown.FakeSandboxBackend.EngineFault;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReaperTest {

    private static final JobId JOB = new JobId("j-1");
    private static final LifeId DEAD = new LifeId("l-dead");
    private static final OwnedResource LEASE =
            new OwnedResource(OwnedResource.Kind.LEASE, "lease-1");

    @TempDir Path folder;
    private StateStore store;
    private Lives lives;
    private Journal journal;
    private FakeSandboxBackend engine;
    private final Records records = new Records();
    private final List<OwnedResource> revoked = new ArrayList<>();
    private Reaper reaper;

    /** A source that remembers what it was told. */
    private static final class Records implements JobRecords {
        private final Set<JobId> lost = ConcurrentHashMap.newKeySet();
        private final ConcurrentLinkedQueue<Receipt> receipts = new ConcurrentLinkedQueue<>();

        @Override
        public Set<JobId> recover(Supplier<Set<LifeId>> living) {
            return Set.copyOf(lost);
        }

        @Override
        public void released(Receipt receipt) {
            receipts.add(receipt);
            if (receipt.clean()) {
                lost.remove(receipt.job());
            }
        }
    }

    /** Stands still unless it is moved. */
    private static final class SteppingClock extends Clock {

        private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);

        void forward(Duration by) {
            now.updateAndGet(then -> then.plus(by));
        }

        @Override
        public Instant instant() {
            return now.get();
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new IllegalArgumentException("only UTC");
        }
    }

    private final SteppingClock clock = new SteppingClock();

    @BeforeEach
    void open() {
        StateDirectory directory = new StateDirectory(folder);
        store = StateStore.open(directory);
        lives = Lives.begin(directory, Clock.systemUTC());
        journal = new SqliteJournal(store);
        engine = new FakeSandboxBackend(journal);
        reaper =
                new Reaper(
                        engine,
                        journal,
                        lives,
                        (_, leases) -> {
                            revoked.addAll(leases);
                            return leases.stream()
                                    .map(lease -> new Receipt.Disposal(lease, true, "revoked"))
                                    .toList();
                        },
                        records,
                        clock,
                        Duration.ofMillis(5));
    }

    @AfterEach
    void close() {
        reaper.close();
        lives.close();
        store.close();
    }

    private void begun(JobId job, LifeId life, String... containers) {
        journal.begin(job, life);
        for (String container : containers) {
            journal.intend(job, new OwnedResource(OwnedResource.Kind.CONTAINER, container));
            engine.put(job, life, container);
        }
    }

    @Test
    void theReceiptNamesEachResourceAndTheJobIsClosed() throws Exception {
        begun(JOB, lives.current(), "helper", "job");
        journal.intend(JOB, new OwnedResource(OwnedResource.Kind.NETWORK, "never made"));
        UsedImage image = new UsedImage("debian", "debian@sha256:00");
        journal.used(JOB, image);
        Receipt receipt = reaper.destroy(JOB, null);
        assertThat(receipt.clean()).isTrue();
        assertThat(receipt.images()).containsExactly(image);
        assertThat(receipt.life()).isEqualTo(lives.current());
        assertThat(receipt.disposals())
                .extracting(disposal -> disposal.resource().name())
                .containsExactlyInAnyOrder("helper", "job", "never made");
        assertThat(engine.names()).isEmpty();
        assertThat(journal.open()).isEmpty();
        assertThat(reaper.quarantined()).isZero();
        assertThat(reaper.destroy(JOB, null).clean()).isTrue();
    }

    @Test
    void aResourceThatNobodySpokeOfIsNotTakenForGone() throws Exception {
        journal.begin(JOB, lives.current());
        journal.intend(JOB, new OwnedResource(OwnedResource.Kind.VOLUME, "v"));
        engine.set(EngineFault.SILENT);
        Receipt receipt = reaper.destroy(JOB, null);
        assertThat(receipt.clean()).isFalse();
        assertThat(journal.open()).hasSize(1);
        assertThat(reaper.quarantined()).isEqualTo(1);
    }

    @Test
    void anEngineThatIsDownGivesNoCleanReceiptEvenForAnUnknownJob() throws Exception {
        engine.set(EngineFault.DOWN);
        Receipt receipt = reaper.destroy(new JobId("j-unknown"), null);
        assertThat(receipt.clean()).isFalse();
        assertThat(receipt.disposals().getFirst().evidence()).contains("does not answer");
    }

    @Test
    void whatIsStubbornIsTriedAgainByALaterSweepOfTheSameLife() throws Exception {
        begun(JOB, lives.current(), "job");
        engine.set(EngineFault.STUBBORN);
        assertThat(reaper.destroy(JOB, null).clean()).isFalse();
        engine.heal();
        clock.forward(Duration.ofMinutes(1));
        assertThat(reaper.sweep().clean()).isTrue();
        assertThat(engine.names()).isEmpty();
        assertThat(reaper.quarantined()).isZero();
        assertThat(records.receipts).hasSize(1).allMatch(Receipt::clean);
    }

    @Test
    void theSweepTakesWhatTheJournalTheEngineOrTheQueueKnowOfDeadLives() throws Exception {
        JobId onlyJournal = new JobId("j-journal");
        JobId onlyEngine = new JobId("j-engine");
        JobId onlyQueue = new JobId("j-queue");
        journal.begin(onlyJournal, DEAD);
        engine.put(onlyEngine, DEAD, "orphan");
        records.lost.add(onlyQueue);
        begun(JOB, lives.current(), "running");
        Sweep sweep = reaper.sweep();
        assertThat(sweep.clean()).isTrue();
        assertThat(sweep.receipts())
                .extracting(Receipt::job)
                .containsExactlyInAnyOrder(onlyJournal, onlyEngine, onlyQueue);
        assertThat(engine.names()).containsExactly("running");
        assertThat(journal.open()).containsExactly(new Journal.OpenJob(JOB, lives.current()));
        assertThat(records.lost).isEmpty();
        assertThat(reaper.sweep().receipts()).isEmpty();
    }

    @Test
    void aSweepRetriesWithinBoundsAndReportsWhatIsLeft() throws Exception {
        begun(JOB, DEAD, "job");
        engine.set(EngineFault.STUBBORN);
        Sweep sweep = reaper.sweep();
        assertThat(sweep.clean()).isFalse();
        assertThat(engine.destroyed()).isEqualTo(3);
        assertThat(records.receipts).hasSize(3);
    }

    @Test
    void aSweepWithoutAnEngineSaysThatItIsIncomplete() throws Exception {
        engine.set(EngineFault.DOWN);
        Sweep sweep = reaper.sweep();
        assertThat(sweep.clean()).isFalse();
        assertThat(sweep.incompleteBecause()).contains("engine");
    }

    @Test
    void withoutAJournalLabelsAloneSuffice() throws Exception {
        engine.put(JOB, DEAD, "orphan");
        store.write(in -> in.update("DROP TABLE journal_resource"));
        store.write(in -> in.update("DROP TABLE journal_job"));
        engine.set(EngineFault.SILENT);
        Sweep sweep = reaper.sweep();
        assertThat(engine.names()).isEmpty();
        assertThat(sweep.receipts()).hasSize(1).allMatch(Receipt::clean);
        assertThat(sweep.incompleteBecause()).contains("journal");
    }

    /** Otherwise a command that starts while a daemon sweeps would lose its containers. */
    @Test
    void aLifeThatBeginsDuringTheSweepIsNotTakenForDead() throws Exception {
        List<Lives> begun = new ArrayList<>();
        engine.beforeAbandoned(() -> {
            Lives late = Lives.begin(new StateDirectory(folder), Clock.systemUTC());
            JobId job = new JobId("j-late-" + begun.size());
            journal.begin(job, late.current());
            engine.put(job, late.current(), "late-" + begun.size());
            begun.add(late);
        });
        try {
            assertThat(reaper.sweep().receipts()).isEmpty();
            assertThat(engine.names()).containsExactly("late-0", "late-1");
        } finally {
            begun.forEach(Lives::close);
        }
    }

    @Test
    void aJobThatIsBeingDestroyedIsNotSweptAtTheSameTime() throws Exception {
        begun(JOB, DEAD, "job");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        engine.beforeDestroy(() -> {
            inside.countDown();
            awaitUninterrupted(goOn);
        });
        Thread own = Thread.ofVirtual().start(() -> destroy(JOB));
        inside.await();
        engine.beforeDestroy(() -> {});
        assertThat(reaper.sweep().receipts()).isEmpty();
        goOn.countDown();
        own.join();
        assertThat(engine.destroyed()).isEqualTo(1);
        assertThat(engine.names()).isEmpty();
    }

    @Test
    void theLeaseIsRevokedByItsOwnMeans() throws Exception {
        begun(JOB, lives.current(), "job");
        journal.intend(JOB, LEASE);
        CountingLease lease = new CountingLease(true);
        Receipt receipt = reaper.destroy(JOB, lease);
        assertThat(receipt.clean()).isTrue();
        assertThat(receipt.disposals()).extracting(Receipt.Disposal::resource).contains(LEASE);
        assertThat(lease.revocations).hasValue(1);
        assertThat(revoked).isEmpty();
    }

    @Test
    void aLeaseWhoseProcessIsDeadIsRevokedByName() throws Exception {
        begun(JOB, DEAD, "job");
        journal.intend(JOB, LEASE);
        assertThat(reaper.sweep().clean()).isTrue();
        assertThat(revoked).containsExactly(LEASE);
    }

    @Test
    void aLeaseThatWasNotRevokedIsTriedAgainByItsOwnMeans() throws Exception {
        begun(JOB, lives.current(), "job");
        CountingLease lease = new CountingLease(false);
        assertThat(reaper.destroy(JOB, lease).clean()).isFalse();
        lease.works.set(true);
        clock.forward(Duration.ofMinutes(1));
        assertThat(reaper.sweep().clean()).isTrue();
        assertThat(lease.revocations).hasValue(2);
    }

    @Test
    void anInterruptedDestructionIsNotForgotten() throws Exception {
        begun(JOB, lives.current(), "job");
        SecretLease interrupting =
                new CountingLease(true) {
                    @Override
                    public List<Receipt.Disposal> revoke() throws InterruptedException {
                        if (revocations.getAndIncrement() == 0) {
                            throw new InterruptedException();
                        }
                        return List.of(new Receipt.Disposal(LEASE, true, "revoked"));
                    }
                };
        assertThatThrownBy(() -> reaper.destroy(JOB, interrupting))
                .isInstanceOf(InterruptedException.class);
        assertThat(journal.open()).hasSize(1);
        clock.forward(Duration.ofMinutes(1));
        assertThat(reaper.sweep().clean()).isTrue();
        assertThat(journal.open()).isEmpty();
    }

    @Test
    void theTimerSweepsByItself() throws Exception {
        begun(JOB, DEAD, "job"); // a dead life begins nothing while it is swept
        reaper.start(Duration.ofMillis(10));
        Eventually.holds(
                "the orphan is gone", Duration.ofSeconds(10), () -> engine.names().isEmpty());
    }

    private void destroy(JobId job) {
        try {
            reaper.destroy(job, null);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A lease that can fail. */
    private static class CountingLease implements SecretLease {
        final AtomicInteger revocations = new AtomicInteger();
        final AtomicBoolean works;

        CountingLease(boolean works) {
            this.works = new AtomicBoolean(works);
        }

        @Override
        public List<Secret> secrets() {
            return List.of();
        }

        @Override
        public List<OwnedResource> owned() {
            return List.of(LEASE);
        }

        @Override
        public List<Receipt.Disposal> revoke() throws InterruptedException {
            revocations.incrementAndGet();
            return List.of(new Receipt.Disposal(LEASE, works.get(), "asked"));
        }
    }
}
