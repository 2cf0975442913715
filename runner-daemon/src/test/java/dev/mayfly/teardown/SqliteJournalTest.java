package dev.mayfly.teardown;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import dev.mayfly.state.StateStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
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
}
