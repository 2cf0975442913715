package dev.mayfly.secrets.file;

import static dev.mayfly.secrets.file.StoreOnDisk.TRUSTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamagedSecretsFileTest {

    private static final String VALUE = "a value to be kept";

    @TempDir Path directory;
    StoreOnDisk onDisk;
    byte[] good;

    @BeforeEach
    void makeStore() throws Exception {
        onDisk = StoreOnDisk.withKey(directory);
        onDisk.set("token", VALUE, TRUSTED);
        good = Files.readAllBytes(onDisk.path);
    }

    @Test
    void changeOfAnyByteIsFound() throws Exception {
        for (int i = 0; i < good.length; i++) {
            byte[] changed = good.clone();
            changed[i] ^= 0x01;
            refused(changed, "byte " + i);
        }
    }

    @Test
    void fileCutOffAnywhereIsFound() throws Exception {
        for (int length = 0; length < good.length; length++) {
            refused(Arrays.copyOf(good, length), "length " + length);
        }
    }

    @Test
    void addedByteIsFound() throws Exception {
        refused(Arrays.copyOf(good, good.length + 1), "one byte more");
    }

    @Test
    void goodFileIsReadAgainAfterTheDamageIsUndone() throws Exception {
        refused(Arrays.copyOf(good, good.length - 1), "one byte less");

        Files.write(onDisk.path, good);

        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo(VALUE);
    }

    @Test
    void changedFileIsNotOverwritten() throws Exception {
        byte[] changed = good.clone();
        changed[good.length - 1] ^= 0x01;
        Files.write(onDisk.path, changed);

        assertThatThrownBy(() -> onDisk.set("token", "another value", TRUSTED))
                .isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> onDisk.store.remove("token")).isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> onDisk.store.rotateKey()).isInstanceOf(FaultException.class);

        assertThat(Files.readAllBytes(onDisk.path)).isEqualTo(changed);
    }

    @Test
    void wrongKeyIsNamed() throws Exception {
        Path other = directory.resolve("other");
        StoreOnDisk.withKey(other);
        Files.copy(
                other.resolve("key"),
                onDisk.keyPath,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);

        assertThatThrownBy(() -> onDisk.fetch(TRUSTED, "token"))
                .isInstanceOf(FaultException.class)
                .hasMessage(
                        "the secrets file "
                                + onDisk.path
                                + " cannot be decrypted with the key in "
                                + onDisk.keyPath
                                + ": it is another key, or the file was changed or cut off; restore"
                                + " the file and its key from one backup (after a rotation, restart"
                                + " a service that has its key from systemd)");
    }

    @Test
    void fileOfAnotherFormatIsNotGuessedAt() throws Exception {
        Files.writeString(onDisk.path, "mayfly-secrets 2\n" + "whatever that is");

        assertThatThrownBy(() -> onDisk.store.list())
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("does not begin with \"mayfly-secrets 1\"")
                .hasMessageContaining("written by a newer Mayfly");
    }

    @Test
    void ciphertextIsBoundToTheFormatItWasWrittenIn() throws Exception {
        byte[] ciphertext = Arrays.copyOfRange(good, "mayfly-secrets 1\n".length(), good.length);
        Keyset keyset = onDisk.file.keyFile().read();

        assertThatThrownBy(() ->
                        keyset.decrypt(
                                ciphertext,
                                "mayfly-secrets 2\n".getBytes(StandardCharsets.US_ASCII)))
                .isInstanceOf(java.security.GeneralSecurityException.class);
    }

    @Test
    void authenticContentThatIsNotUnderstoodIsAFaultToo() throws Exception {
        var document = new SecretsDocument();
        byte[] encoded = document.encode();

        assertThatThrownBy(() -> SecretsDocument.decode(Arrays.copyOf(encoded, encoded.length + 1)))
                .isInstanceOf(java.io.IOException.class);
    }

    private void refused(byte[] content, String what) throws Exception {
        Files.write(onDisk.path, content);
        assertThatThrownBy(() -> onDisk.fetch(TRUSTED, "token"))
                .as(what)
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.SECRET))
                .hasMessageContaining(onDisk.path.toString())
                .hasMessageContaining("backup")
                .hasMessageNotContaining(VALUE);
        assertThatThrownBy(() -> onDisk.store.list()).as(what).isInstanceOf(FaultException.class);
        assertThat(onDisk.provider.unhealthyBecause(TRUSTED)).as(what).isNotEmpty();
        assertThatThrownBy(() ->
                        onDisk.store.set(
                                "x",
                                VALUE.getBytes(StandardCharsets.UTF_8),
                                Set.of(TRUSTED),
                                false))
                .as(what)
                .isInstanceOf(FaultException.class);
    }
}
