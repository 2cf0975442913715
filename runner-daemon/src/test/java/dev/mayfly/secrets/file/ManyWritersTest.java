package dev.mayfly.secrets.file;

import static dev.mayfly.secrets.file.StoreOnDisk.TRUSTED;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManyWritersTest {

    @TempDir Path directory;
    StoreOnDisk onDisk;

    @BeforeEach
    void makeStore() throws InterruptedException {
        onDisk = StoreOnDisk.withKey(directory);
    }

    @Test
    void noWriteOfManyThreadsIsLost() throws Exception {
        List<Callable<SetOutcome>> writes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String name = "secret-" + i;
            writes.add(() -> onDisk.set(name, "value of " + name, TRUSTED));
        }

        try (var threads = Executors.newFixedThreadPool(4)) {
            for (Future<SetOutcome> write : threads.invokeAll(writes, 60, TimeUnit.SECONDS)) {
                assertThat(write.get()).isEqualTo(new SetOutcome.Stored(false, true));
            }
        }

        assertThat(StoreOnDisk.names(onDisk.store)).hasSize(40);
        assertThat(onDisk.value(TRUSTED, "secret-17")).isEqualTo("value of secret-17");
    }

    @Test
    void noWriteOfTwoProcessesIsLost() throws Exception {
        Process one = SecretWriterProcess.start(directory, "one", 30);
        Process other = SecretWriterProcess.start(directory, "other", 30);

        ended(one, "one");
        ended(other, "other");

        assertThat(StoreOnDisk.names(onDisk.store))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of("one", "other")
                                .flatMap(p -> IntStream.range(0, 30).mapToObj(i -> p + "-" + i))
                                .toList());
    }

    @Test
    void onlyOneKeyIsMadeByMany() throws Exception {
        var fresh = new StoreOnDisk(directory.resolve("fresh"));
        List<Callable<Boolean>> attempts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            attempts.add(fresh.store::createKeyIfMissing);
        }

        List<Boolean> made = new ArrayList<>();
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (Future<Boolean> attempt : threads.invokeAll(attempts, 60, TimeUnit.SECONDS)) {
                made.add(attempt.get());
            }
        }

        assertThat(made).containsOnlyOnce(true);
    }

    @Test
    void writerKilledAtAnyInstantLeavesTheOldContentOrTheNew() throws Exception {
        onDisk.set("first", "value that must stay", TRUSTED);

        for (int round = 0; round < 3; round++) {
            Process writer = SecretWriterProcess.start(directory, "round" + round, 100_000);
            try (BufferedReader lines =
                    new BufferedReader(
                            new InputStreamReader(
                                    writer.getInputStream(), StandardCharsets.UTF_8))) {
                for (int i = 0; i < 10 + 7 * round; i++) {
                    assertThat(lines.readLine()).as("writer's output").isNotNull();
                }
                writer.destroyForcibly();
                assertThat(writer.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }

            assertThat(onDisk.value(TRUSTED, "first")).isEqualTo("value that must stay");
            // What the writer had finished is there: its name came before the next line.
            assertThat(onDisk.value(TRUSTED, "round" + round + "-" + (8 + 7 * round)))
                    .startsWith("value of ");
            assertThat(onDisk.set("after-" + round, "written afterwards", TRUSTED))
                    .isEqualTo(new SetOutcome.Stored(false, true));
        }
    }

    @Test
    void draftOfADeadWriterIsNeitherReadNorInTheWay() throws Exception {
        onDisk.set("token", "the old value", TRUSTED);
        byte[] old = Files.readAllBytes(onDisk.path);
        // What a crash between writing the draft and renaming it leaves.
        Files.write(PrivateFiles.draftOf(onDisk.path), new byte[] {1, 2, 3});

        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("the old value");
        assertThat(Files.readAllBytes(onDisk.path)).isEqualTo(old);

        onDisk.set("token", "the new value", TRUSTED);

        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("the new value");
        assertThat(PrivateFiles.draftOf(onDisk.path)).doesNotExist();
    }

    private void ended(Process process, String name) throws Exception {
        process.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(directory.resolve(name + ".err")))
                .isZero();
    }
}
