package dev.mayfly.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.ImageReference;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.ImageRecords.Holder;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteImageRecordsTest {

    private static final String D = "sha256:" + "0".repeat(64);
    private static final PoolName HIGH = new PoolName("high");
    private static final PoolName LOW = new PoolName("low");
    private static final Holder OF_HIGH = new Holder(HIGH, "");
    private static final Holder OF_LOW = new Holder(LOW, "");
    private static final ImageReference APP = ImageReference.parse("r.example/team/app:1");

    private @TempDir Path folder;
    private final AtomicLong now = new AtomicLong();
    private StateStore store;
    private SqliteImageRecords records;

    @BeforeEach
    void open() {
        store = StateStore.open(new StateDirectory(folder).create());
        records = records("one");
    }

    private SqliteImageRecords records(String engine) {
        return new SqliteImageRecords(
                store, engine, () -> Instant.ofEpochMilli(now.incrementAndGet()));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void pulled(ImageReference image, String id, Holder holder) {
        records.begins(image);
        records.brought(image, id, holder, false);
    }

    @Test
    void imageThatNobodyPulledIsTheOperators() {
        assertThat(records.operators(APP, "sha256:a")).isTrue();
        assertThat(records.usable(APP, "sha256:a", OF_LOW)).isTrue();
        assertThat(records.usable(APP.at(D), "sha256:a", OF_LOW)).isTrue();
    }

    @Test
    void imageThatOnePoolPulledIsNotAnothers() {
        pulled(APP, "sha256:a", OF_HIGH);

        assertThat(records.usable(APP, "sha256:a", OF_HIGH)).isTrue();
        assertThat(records.usable(APP, "sha256:a", OF_LOW)).isFalse();
        assertThat(records.usable(APP.at(D), "sha256:a", OF_LOW)).as("by its digest").isFalse();
        pulled(APP, "sha256:a", OF_LOW);
        assertThat(records.usable(APP, "sha256:a", OF_LOW)).isTrue();
    }

    @Test
    void whatAJobsOwnLoginOpenedIsForItsProjectOnly() {
        pulled(APP, "sha256:a", new Holder(LOW, "shop 7"));

        assertThat(records.usable(APP, "sha256:a", new Holder(LOW, "shop 7"))).isTrue();
        assertThat(records.usable(APP, "sha256:a", new Holder(LOW, "shop 8"))).isFalse();
        assertThat(records.usable(APP, "sha256:a", new Holder(HIGH, "shop 7"))).isFalse();
        pulled(APP, "sha256:a", OF_LOW);
        assertThat(records.usable(APP, "sha256:a", new Holder(LOW, "shop 8"))).isTrue();
    }

    @Test
    void imageIsNotTakenForTheOperatorsWhileAPullMayHaveBroughtIt() {
        records.begins(APP);

        assertThat(records.usable(APP, "sha256:new", OF_LOW)).isFalse();
        assertThat(records.usable(APP.at(D), "sha256:new", OF_LOW)).isFalse();
        ImageReference other = ImageReference.parse("r.example/team/app:2");
        assertThat(records.usable(other, "sha256:old", OF_LOW))
                .as("a name that only the operator can have given")
                .isTrue();
        records.failed(APP);
        assertThat(records.usable(APP, "sha256:new", OF_LOW)).isTrue();
    }

    @Test
    void oneOfTwoPullsThatFailsDoesNotEndTheOther() {
        records.begins(APP);
        records.begins(APP);
        records.failed(APP);
        assertThat(records.usable(APP, "sha256:new", OF_LOW)).isFalse();
        records.brought(APP, "sha256:new", OF_HIGH, false);
        assertThat(records.usable(APP, "sha256:new", OF_LOW)).isFalse();
        assertThat(records.usable(APP, "sha256:new", OF_HIGH)).isTrue();
    }

    @Test
    void pullThatACrashEndedIsRememberedAsOneOfWhichNobodyKnowsWhatItBrought() {
        records.begins(APP);
        close();
        open();
        assertThat(records.usable(APP, "sha256:new", OF_LOW)).isFalse();
        assertThat(records.usable(APP.at(D), "sha256:new", OF_LOW)).isFalse();
    }

    @Test
    void operatorsImageStaysEverybodysWhenAPullConfirmsIt() {
        records.begins(APP);
        records.brought(APP, "sha256:a", OF_HIGH, true);

        assertThat(records.usable(APP, "sha256:a", OF_LOW)).isTrue();
        assertThat(records.usable(APP.at(D), "sha256:a", OF_LOW)).isTrue();
    }

    @Test
    void pulledImageIsNotMadeEverybodysByANameOfTheOperators() {
        pulled(APP, "sha256:a", OF_HIGH);
        ImageReference mine = ImageReference.parse("local/base:1");
        assertThat(records.usable(mine, "sha256:a", OF_LOW))
                .as("so the operator wants it")
                .isTrue();

        records.begins(mine);
        records.brought(mine, "sha256:a", OF_LOW, true);

        assertThat(records.usable(APP, "sha256:a", new Holder(new PoolName("third"), "")))
                .isFalse();
    }

    @Test
    void bytesThatTheOperatorPutsUnderAPulledNameAreHis() {
        pulled(APP, "sha256:a", OF_HIGH);
        assertThat(records.usable(APP, "sha256:patched", OF_LOW)).isTrue();
    }

    @Test
    void anotherEngineHasItsOwn() {
        pulled(APP, "sha256:a", OF_HIGH);
        assertThat(records("two").usable(APP, "sha256:a", OF_LOW)).isTrue();
    }

    @Test
    void whatIsGoneFromTheEngineIsForgottenAndNothingElse() {
        ImageReference other = ImageReference.parse("r.example/other:1");
        ImageReference open = ImageReference.parse("r.example/open:1");
        pulled(APP, "sha256:a", OF_HIGH);
        pulled(other, "sha256:b", OF_HIGH);
        records.begins(open);
        long asOf = now.incrementAndGet();
        ImageReference late = ImageReference.parse("r.example/late:1");
        pulled(late, "sha256:c", OF_HIGH);

        records.keep(Set.of("sha256:b"), Set.of(other.canonical()), asOf);

        assertThat(records.usable(APP, "sha256:a", OF_LOW)).as("gone").isTrue();
        assertThat(records.usable(other, "sha256:b", OF_LOW)).as("there").isFalse();
        assertThat(records.usable(open, "sha256:x", OF_LOW)).as("under way").isFalse();
        assertThat(records.usable(late, "sha256:c", OF_LOW)).as("newer than the list").isFalse();
    }

    @Test
    void firstToSayWhatATagStandsForCounts() {
        assertThat(records.pin(LOW, "shop 7 abc", APP)).isEmpty();
        assertThat(records.pin(LOW, "shop 7 abc", APP, "r.example/team/app@" + D))
                .isEqualTo("r.example/team/app@" + D);
        assertThat(records.pin(LOW, "shop 7 abc", APP, "other"))
                .isEqualTo("r.example/team/app@" + D);
        close();
        open();
        assertThat(records.pin(LOW, "shop 7 abc", APP)).contains("r.example/team/app@" + D);
        assertThat(records.pin(LOW, "shop 7 def", APP)).isEmpty();
        assertThat(records.pin(HIGH, "shop 7 abc", APP)).isEmpty();
    }

    @Test
    void pinsOfAProjectAreBoundedAndThoseLongestUnusedGo() {
        store.write(in -> {
            for (int i = 0; i < SqliteImageRecords.MOST_PINS; i++) {
                in.update(
                        "INSERT INTO image_pin (pool, run, project, name, identity, at)"
                                + " VALUES ('low', ?, 'shop 7', ?, 'x', ?)",
                        "shop 7 " + i,
                        APP.canonical(),
                        now.incrementAndGet());
            }
            return 0;
        });
        assertThat(records.pin(LOW, "shop 7 0", APP)).contains("x");
        records.pin(LOW, "shop 7 one-more", APP, "y");

        assertThat(records.pin(LOW, "shop 7 0", APP)).contains("x");
        assertThat(records.pin(LOW, "shop 7 1", APP)).isEmpty();
        assertThat(records.pin(LOW, "shop 7 2", APP)).contains("x");
    }
}
