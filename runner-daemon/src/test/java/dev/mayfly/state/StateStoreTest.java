package dev.mayfly.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateStoreTest {

    private static final String BEGIN = "INSERT INTO journal_job (job, life) VALUES (?, ?)";

    @TempDir Path folder;

    private StateDirectory directory() {
        return new StateDirectory(folder.resolve("state"));
    }

    private static long jobs(StateStore store) {
        return store.read(in ->
                in.query("SELECT count(*) FROM journal_job", row -> row.getLong(1)).getFirst());
    }

    @Test
    void whatWasWrittenIsThereAfterReopening() {
        try (StateStore store = StateStore.open(directory())) {
            store.write(in -> in.update(BEGIN, "a", "l"));
        }
        try (StateStore store = StateStore.open(directory())) {
            assertThat(jobs(store)).isEqualTo(1);
            assertThat(store.loss()).isNull();
        }
    }

    @Test
    void workThatThrowsLeavesNothing() {
        try (StateStore store = StateStore.open(directory())) {
            assertThatThrownBy(() ->
                            store.write(in -> {
                                in.update(BEGIN, "a", "l");
                                throw new IllegalArgumentException("stop");
                            }))
                    .hasMessage("stop");
            assertThat(jobs(store)).isZero();
            store.write(in -> in.update(BEGIN, "b", "l"));
            assertThat(jobs(store)).isEqualTo(1);
        }
    }

    @Test
    void nobodyElseMayLookInside() throws Exception {
        Files.createDirectories(directory().root());
        Files.setPosixFilePermissions(
                directory().root(), PosixFilePermissions.fromString("rwxr-xr-x"));
        try (StateStore store = StateStore.open(directory())) {
            store.write(in -> in.update(BEGIN, "a", "l"));
            try (Stream<Path> all = Files.walk(directory().root())) {
                assertThat(all)
                        .hasSizeGreaterThan(5)
                        .allSatisfy(path ->
                                assertThat(Files.getPosixFilePermissions(path))
                                        .isEqualTo(
                                                Files.isDirectory(path)
                                                        ? StateDirectory.PRIVATE_DIRECTORY
                                                        : StateDirectory.PRIVATE_FILE));
            }
        }
    }

    @Test
    void writesAreSyncedAndForeignKeysHold() {
        try (StateStore store = StateStore.open(directory())) {
            assertThat(pragma(store, "synchronous")).isEqualTo("2");
            assertThat(pragma(store, "journal_mode")).isEqualTo("wal");
            assertThat(pragma(store, "foreign_keys")).isEqualTo("1");
        }
    }

    private static String pragma(StateStore store, String name) {
        return store.read(in -> in.query("PRAGMA " + name, row -> row.getString(1)).getFirst());
    }

    @Test
    void aDamagedDatabaseIsSetAsideAndTheLossIsTold() throws Exception {
        directory().create();
        Files.writeString(directory().database(), "this is not a database, far from it".repeat(99));
        try (StateStore store = StateStore.open(directory())) {
            assertThat(store.loss()).contains("state.db").contains("damaged");
            store.write(in -> in.update(BEGIN, "a", "l"));
            assertThat(jobs(store)).isEqualTo(1);
        }
        try (Stream<Path> files = Files.list(directory().root())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .anyMatch(name -> name.startsWith("state.db.damaged-"));
        }
    }

    @Test
    void aDatabaseWithDamageInTheMiddleIsSetAside() throws Exception {
        try (StateStore store = StateStore.open(directory())) {
            for (int i = 0; i < 300; i++) {
                String job = "job-" + i;
                store.write(in -> in.update(BEGIN, job, "l".repeat(40)));
            }
        }
        byte[] bytes = Files.readAllBytes(directory().database());
        for (int i = 4096; i < bytes.length; i++) {
            bytes[i] ^= 0x5a;
        }
        Files.write(directory().database(), bytes);
        try (StateStore store = StateStore.open(directory())) {
            assertThat(store.loss()).contains("damaged");
            assertThat(jobs(store)).isZero();
        }
    }

    @Test
    void aDatabaseOfANewerMayflyIsRefusedAndKept() throws Exception {
        StateStore.open(directory()).close();
        try (Connection connection =
                        DriverManager.getConnection("jdbc:sqlite:" + directory().database());
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA user_version = 99");
        }
        assertThatThrownBy(() -> StateStore.open(directory()))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("version 99")
                .hasMessageContaining("another state directory");
        assertThat(directory().database()).exists();
    }

    @Test
    void twoThatAreOpenSeeEachOther() {
        try (StateStore one = StateStore.open(directory());
                StateStore two = StateStore.open(directory())) {
            long before = two.foreignVersion();
            one.write(in -> in.update(BEGIN, "a", "l"));
            assertThat(jobs(two)).isEqualTo(1);
            assertThat(two.foreignVersion()).isNotEqualTo(before);
        }
    }

    @Test
    void manyThreadsOfTwoStoresAllGetTheirTurn() throws Exception {
        try (StateStore one = StateStore.open(directory());
                StateStore two = StateStore.open(directory())) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                StateStore store = t % 2 == 0 ? one : two;
                String name = "t" + t;
                threads.add(
                        Thread.ofVirtual()
                                .start(() -> {
                                    for (int i = 0; i < 10; i++) {
                                        String job = name + "-" + i;
                                        store.write(in -> in.update(BEGIN, job, "l"));
                                    }
                                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(jobs(one)).isEqualTo(80);
        }
    }

    @Test
    void namesSortByTheTimeTheyWereMade() {
        Instant time = Instant.parse("2026-03-01T12:00:00Z");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            names.add(TimeOrderedName.of("j-", time.plusMillis(i * 37L)));
        }
        assertThat(names).isSorted().doesNotHaveDuplicates();
        assertThat(names).allMatch(name -> name.matches("j-[0-9a-z]{13}"));
    }
}
