package dev.mayfly.teardown;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.EngineName;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import dev.mayfly.state.StateStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteJournalTest {

    private static final JobId JOB = new JobId("j-1");
    private static final LifeId LIFE = new LifeId("l-1");
    private static final OwnedResource NETWORK =
            new OwnedResource(OwnedResource.Kind.NETWORK, "mayfly-j-1");
    private static final OwnedResource BOX =
            new OwnedResource(OwnedResource.Kind.CONTAINER, "mayfly-j-1-job");

    @TempDir Path folder;

    private static Receipt receipt(boolean verified) {
        return new Receipt(
                JOB, LIFE, Instant.now(), List.of(new Receipt.Disposal(BOX, verified, "looked")));
    }

    @Test
    void intentionsSurviveAndComeInTheirOrder() {
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.intend(JOB, NETWORK);
            journal.intend(JOB, BOX);
            journal.intend(JOB, NETWORK);
        }
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            assertThat(journal.intended(JOB)).containsExactly(NETWORK, BOX);
            assertThat(journal.open()).containsExactly(new Journal.OpenJob(JOB, LIFE));
        }
    }

    @Test
    void imagesSurviveInTheirOrderUntilACleanReceipt() {
        UsedImage job = new UsedImage("debian", "debian@sha256:00");
        UsedImage service = new UsedImage("redis", "redis@sha256:11");
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.used(JOB, job);
            journal.used(JOB, service);
            journal.used(JOB, job);
        }
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            assertThat(journal.images(JOB)).containsExactly(job, service);
            journal.close(receipt(true));
            assertThat(journal.images(JOB)).isEmpty();
        }
    }

    @Test
    void onlyACleanReceiptClosesAJob() {
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.intend(JOB, BOX);
            journal.close(receipt(false));
            assertThat(journal.open()).hasSize(1);
            assertThat(journal.intended(JOB)).containsExactly(BOX);
            journal.close(receipt(true));
            assertThat(journal.open()).isEmpty();
            assertThat(journal.intended(JOB)).isEmpty();
        }
    }

    @Test
    void theLifeThatBeganAJobStaysItsLife() {
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.begin(JOB, new LifeId("l-2"));
            assertThat(journal.open()).containsExactly(new Journal.OpenJob(JOB, LIFE));
        }
    }

    @Test
    void nothingIsIntendedForAJobThatWasNotBegun() {
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            Journal journal = new SqliteJournal(store);
            assertThatThrownBy(() -> journal.intend(JOB, BOX)).isInstanceOf(StateException.class);
        }
    }

    @Test
    void eachThingIsRememberedWithTheEngineThatItIsOn() {
        SqliteJournal.KnownEngine near = engine("unix:///near.sock", null);
        SqliteJournal.KnownEngine far = engine("tcp://far:2376", Path.of("/etc/mayfly/far"));
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            SqliteJournal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.on(near).intend(JOB, NETWORK);
            journal.on(far).intend(JOB, BOX);
        }
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            SqliteJournal journal = new SqliteJournal(store);
            assertThat(journal.engines()).containsExactly(far, near);
            assertThat(journal.of(JOB)).contains(Set.of(near.name(), far.name()));
            assertThat(journal.on(near).intended(JOB)).containsExactly(NETWORK);
            assertThat(journal.on(far).intended(JOB)).containsExactly(BOX);
            assertThat(journal.intended(JOB)).containsExactly(NETWORK, BOX);
            journal.close(receipt(true));
            assertThat(journal.engines()).isEmpty();
        }
    }

    @Test
    void jobThatWasNotBegunMayBeAnywhereAndOneThatMadeNothingIsNowhere() {
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            SqliteJournal journal = new SqliteJournal(store);
            assertThat(journal.of(JOB)).isEmpty();
            journal.begin(JOB, LIFE);
            assertThat(journal.of(JOB)).contains(Set.of());
        }
    }

    @Test
    void whatWasWrittenBeforeThereWereSeveralEnginesIsOnTheOneThatThereWas() {
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            SqliteJournal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.intend(JOB, BOX);
            journal.intend(JOB, new OwnedResource(OwnedResource.Kind.LEASE, "lease-1"));
            journal.locate(new EngineName("unix:///only.sock"));
            assertThat(journal.on(engine("unix:///only.sock", null)).intended(JOB))
                    .containsExactly(BOX);
        }
    }

    @Test
    void whatIsGivenUpIsNamedAndForgotten() {
        SqliteJournal.KnownEngine far = engine("tcp://far:2376", null);
        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            SqliteJournal journal = new SqliteJournal(store);
            journal.begin(JOB, LIFE);
            journal.on(far).intend(JOB, BOX);
            assertThat(journal.writeOff(far.name()))
                    .containsExactly(new SqliteJournal.LostResource(JOB, BOX));
            assertThat(journal.intended(JOB)).isEmpty();
            assertThat(journal.engines()).isEmpty();
        }
    }

    private static SqliteJournal.KnownEngine engine(String name, @Nullable Path credentials) {
        return new SqliteJournal.KnownEngine(new EngineName(name), credentials);
    }
}
