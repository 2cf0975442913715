package dev.mayfly.secrets.file;

import static dev.mayfly.secrets.file.StoreOnDisk.TRUSTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyRotationTest {

    @TempDir Path directory;
    StoreOnDisk onDisk;

    @BeforeEach
    void makeStore() throws InterruptedException {
        onDisk = StoreOnDisk.withKey(directory);
        onDisk.set("token", "a value to be kept", TRUSTED);
    }

    @Test
    void secretsSurviveARotation() throws InterruptedException {
        onDisk.store.rotateKey();

        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("a value to be kept");
    }

    @Test
    void oldKeyDoesNotOpenTheNewFile() throws Exception {
        Path old = Files.copy(onDisk.keyPath, directory.resolve("old"));

        onDisk.store.rotateKey();
        Files.move(old, onDisk.keyPath, StandardCopyOption.REPLACE_EXISTING);

        assertThatThrownBy(() -> onDisk.fetch(TRUSTED, "token")).isInstanceOf(FaultException.class);
    }

    @Test
    void whoeverStoleTheOldKeyCannotForgeAFileForTheNewOne() throws Exception {
        byte[] encryptedWithTheOldKey = Files.readAllBytes(onDisk.path);

        onDisk.store.rotateKey();
        Files.write(onDisk.path, encryptedWithTheOldKey);

        assertThatThrownBy(() -> onDisk.fetch(TRUSTED, "token")).isInstanceOf(FaultException.class);
    }

    @Test
    void rotationInterruptedAfterTheFirstStepLosesNothing() throws Exception {
        KeyFile keyFile = onDisk.file.keyFile();
        keyFile.write(keyFile.read().withNewPrimary());

        assertThat(keyFile.read().size()).isEqualTo(2);
        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("a value to be kept");
    }

    @Test
    void rotationInterruptedAfterTheSecondStepLosesNothingAndCanBeRepeated() throws Exception {
        KeyFile keyFile = onDisk.file.keyFile();
        keyFile.write(keyFile.read().withNewPrimary());
        onDisk.set("other", "written with the new key", TRUSTED);

        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("a value to be kept");

        onDisk.store.rotateKey();

        assertThat(keyFile.read().size()).isEqualTo(1);
        assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("a value to be kept");
        assertThat(onDisk.value(TRUSTED, "other")).isEqualTo("written with the new key");
    }

    @Test
    void keyCanBeRotatedBeforeThereAreSecrets() throws Exception {
        var empty = StoreOnDisk.withKey(directory.resolve("elsewhere"));

        empty.store.rotateKey();

        assertThat(empty.path).doesNotExist();
        empty.set("token", "some value", TRUSTED);
        assertThat(empty.value(TRUSTED, "token")).isEqualTo("some value");
    }

    @Test
    void jobsAreServedWhileTheKeyIsRotated() throws Exception {
        CompletableFuture<Void> rotations =
                CompletableFuture.runAsync(() -> {
                    try {
                        for (int i = 0; i < 20; i++) {
                            onDisk.store.rotateKey();
                        }
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });

        int served = 0;
        do {
            assertThat(onDisk.value(TRUSTED, "token")).isEqualTo("a value to be kept");
            served++;
        } while (!rotations.isDone());

        rotations.get(1, TimeUnit.SECONDS);
        assertThat(served).isGreaterThan(1);
    }

    @Test
    void keyOfSystemdIsNotReplaced() throws Exception {
        var file =
                new SecretsFile(
                        onDisk.path,
                        new KeyFile(new KeyLocation.SystemdCredential(onDisk.keyPath), 0));
        byte[] before = Files.readAllBytes(onDisk.keyPath);

        assertThatThrownBy(() -> new SecretStore(file, onDisk).rotateKey())
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("rotate the file that LoadCredential= names");
        assertThat(Files.readAllBytes(onDisk.keyPath)).isEqualTo(before);
    }
}
