package dev.mayfly.secrets.file;

import static dev.mayfly.secrets.file.StoreOnDisk.TRUSTED;
import static dev.mayfly.secrets.file.StoreOnDisk.UNTRUSTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretStoreTest {

    @TempDir Path directory;
    StoreOnDisk onDisk;

    @BeforeEach
    void makeStore() throws InterruptedException {
        onDisk = StoreOnDisk.withKey(home());
    }

    @Test
    void storedSecretIsListedWithItsPoolsAndTimes() throws InterruptedException {
        onDisk.set("deploy-token", "correct horse", TRUSTED);

        assertThat(onDisk.store.list())
                .containsExactly(
                        new SecretEntry(
                                "deploy-token",
                                Set.of(TRUSTED),
                                Instant.parse("2026-01-02T03:04:05Z"),
                                Instant.parse("2026-01-02T03:04:05Z")));
    }

    @Test
    void listIsInTheOrderOfNames() throws InterruptedException {
        onDisk.set("b", "value-b", TRUSTED);
        onDisk.set("c", "value-c", TRUSTED);
        onDisk.set("a", "value-a", TRUSTED);

        assertThat(StoreOnDisk.names(onDisk.store)).containsExactly("a", "b", "c");
    }

    @Test
    void newValueKeepsTheTimeOfCreation() throws InterruptedException {
        onDisk.set("token", "first value", TRUSTED);
        onDisk.pass(Duration.ofDays(3));

        assertThat(onDisk.set("token", "second value", TRUSTED, UNTRUSTED))
                .isEqualTo(new SetOutcome.Stored(true, true));

        assertThat(onDisk.store.list())
                .containsExactly(
                        new SecretEntry(
                                "token",
                                Set.of(TRUSTED, UNTRUSTED),
                                Instant.parse("2026-01-02T03:04:05Z"),
                                Instant.parse("2026-01-05T03:04:05Z")));
        assertThat(onDisk.value(UNTRUSTED, "token")).isEqualTo("second value");
    }

    @Test
    void newValueWithoutPoolsKeepsThePools() throws InterruptedException {
        onDisk.set("token", "first value", UNTRUSTED);

        onDisk.set("token", "second value");

        assertThat(onDisk.value(UNTRUSTED, "token")).isEqualTo("second value");
    }

    @Test
    void newSecretWithoutPoolsIsRefused() throws InterruptedException {
        assertThat(onDisk.set("token", "some value"))
                .isEqualTo(
                        new SetOutcome.Refused(
                                "\"token\" is new and no pool may read it yet: name one or more"
                                        + " with --pool"));
        assertThat(onDisk.store.list()).isEmpty();
    }

    @Test
    void emptyValueIsRefused() throws InterruptedException {
        assertThat(onDisk.set("token", "", TRUSTED))
                .isEqualTo(
                        new SetOutcome.Refused(
                                "the value of \"token\" is empty: give it on standard input, and"
                                        + " check the command that should have printed it"));
        assertThat(onDisk.store.list()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"12345", "12345\n", " 1 345 ", "\t\r\n\t\r\n\t\r\n", "x"})
    void valueTooShortToMaskIsRefused(String value) throws InterruptedException {
        assertThat(onDisk.set("pin", value, TRUSTED))
                .isEqualTo(
                        new SetOutcome.Refused(
                                "the value of \"pin\" is shorter than 6 bytes, blanks around it not"
                                        + " counted, so masking cannot protect it in logs: use a"
                                        + " longer one, or --allow-short if it may be seen"));
        assertThat(onDisk.store.list()).isEmpty();
    }

    @Test
    void shortValueThatMayBeSeenIsStoredAndReportedAsUnmaskable() throws InterruptedException {
        assertThat(onDisk.store.set("pin", new byte[] {1}, Set.of(TRUSTED), true))
                .isEqualTo(new SetOutcome.Stored(false, false));
        assertThat(onDisk.fetch(TRUSTED, "pin").secrets().getFirst().value().reveal())
                .containsExactly(1);
    }

    @Test
    void sixBytesAreEnoughToMask() throws InterruptedException {
        assertThat(onDisk.set("pin", "123456", TRUSTED))
                .isEqualTo(new SetOutcome.Stored(false, true));
    }

    @Test
    void anyBytesUpToTheLimitComeBackUnchanged() throws InterruptedException {
        byte[] value = new byte[SecretStore.MAX_VALUE_BYTES];
        new Random(7).nextBytes(value);

        onDisk.store.set("blob", value, Set.of(TRUSTED), false);

        assertThat(onDisk.fetch(TRUSTED, "blob").secrets().getFirst().value().reveal())
                .isEqualTo(value);
    }

    @Test
    void valueBeyondTheLimitIsRefused() throws InterruptedException {
        byte[] value = new byte[SecretStore.MAX_VALUE_BYTES + 1];

        assertThat(onDisk.store.set("blob", value, Set.of(TRUSTED), false))
                .isEqualTo(
                        new SetOutcome.Refused(
                                "the value of \"blob\" is longer than 65536 bytes: keep such data"
                                        + " elsewhere, encrypted, and store its key here"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-x", "a b", "a\nb", "ä", "a\u001b[1m", "/etc/passwd", "$NAME"})
    void nameThatIsNotOneIsRefused(String name) throws InterruptedException {
        assertThat(onDisk.set(name, "some value", TRUSTED)).isInstanceOf(SetOutcome.Refused.class);
        assertThat(onDisk.store.list()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "DEPLOY_TOKEN", "team/app.prod/db-password", "0"})
    void usualNamesAreAccepted(String name) throws InterruptedException {
        onDisk.set(name, "some value", TRUSTED);

        assertThat(onDisk.value(TRUSTED, name)).isEqualTo("some value");
    }

    @Test
    void removedSecretIsGone() throws InterruptedException {
        onDisk.set("keep", "value-k", TRUSTED);
        onDisk.set("drop", "value-d", TRUSTED);

        assertThat(onDisk.store.remove("drop")).isTrue();

        assertThat(StoreOnDisk.names(onDisk.store)).containsExactly("keep");
        assertThat(onDisk.value(TRUSTED, "keep")).isEqualTo("value-k");
    }

    @Test
    void removingWhatIsNotThereSaysSo() throws InterruptedException {
        onDisk.set("keep", "value-k", TRUSTED);

        assertThat(onDisk.store.remove("drop")).isFalse();
    }

    @Test
    void nobodyButTheOwnerCanReadWhatIsMade() throws Exception {
        onDisk.set("token", "some value", TRUSTED);

        assertThat(mode(onDisk.path)).isEqualTo("rw-------");
        assertThat(mode(onDisk.keyPath)).isEqualTo("rw-------");
        assertThat(mode(onDisk.path.resolveSibling("secrets.lock"))).isEqualTo("rw-------");
        assertThat(mode(home())).isEqualTo("rwx------");
    }

    @Test
    void writingLeavesNoDraftBehind() throws Exception {
        onDisk.set("token", "some value", TRUSTED);

        try (var files = Files.list(home())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("secrets", "secrets.lock", "key");
        }
    }

    @Test
    void keyIsMadeOnce() throws Exception {
        byte[] key = Files.readAllBytes(onDisk.keyPath);

        assertThat(onDisk.store.createKeyIfMissing()).isFalse();

        assertThat(Files.readAllBytes(onDisk.keyPath)).isEqualTo(key);
    }

    @Test
    void lostKeyIsNotReplacedWhileThereAreSecrets() throws Exception {
        onDisk.set("token", "some value", TRUSTED);
        Files.delete(onDisk.keyPath);

        assertThatThrownBy(() -> onDisk.store.createKeyIfMissing())
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.SECRET))
                .hasMessageContaining(
                        onDisk.keyPath + ", does not exist: restore it from a backup");
        assertThat(onDisk.keyPath).doesNotExist();
    }

    @Test
    void storeWithoutAnythingIsEmpty() {
        assertThat(new StoreOnDisk(directory.resolve("elsewhere")).store.list()).isEmpty();
    }

    @Test
    void writerThatCannotHaveItsTurnSaysWhoToLookFor() throws Exception {
        try (WriteLock _ = WriteLock.on(onDisk.path, Duration.ZERO)) {
            assertThatThrownBy(() -> WriteLock.on(onDisk.path, Duration.ofMillis(50)))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("another process has been writing " + onDisk.path)
                    .hasMessageContaining("fuser -v " + onDisk.path + ".lock");
        }
        try (WriteLock again = WriteLock.on(onDisk.path, Duration.ZERO)) {
            assertThat(again).isNotNull();
        }
    }

    @Test
    void directoryThatCannotBeWrittenIsNamed() throws Exception {
        Path notADirectory = Files.writeString(directory.resolve("file"), "");
        var store = new StoreOnDisk(notADirectory).store;

        assertThatThrownBy(() ->
                        store.set(
                                "token",
                                "some value".getBytes(StandardCharsets.UTF_8),
                                Set.of(TRUSTED),
                                false))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(notADirectory.resolve("secrets").toString());
    }

    private Path home() {
        return directory.resolve("made/by/mayfly");
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    /** As for a user who may not search the directory: it cannot be told whether there is one. */
    @Test
    void aFileThatCannotBeLookedAtIsNotAnEmptyOne(@TempDir Path folder) throws Exception {
        Path loop = folder.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        var onDisk = new StoreOnDisk(loop);

        assertThatThrownBy(onDisk.store::list)
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("the secrets file " + onDisk.path)
                .hasMessageContaining("run as the user it belongs to");
        assertThat(onDisk.provider.unhealthyBecause(TRUSTED)).contains(onDisk.path.toString());
        assertThatThrownBy(() -> onDisk.file.keyFile().exists())
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("the key file " + onDisk.keyPath);
    }
}
