package dev.mayfly.secrets.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {

    @TempDir Path directory;
    Path key;

    @BeforeEach
    void makeKey() throws InterruptedException {
        key = StoreOnDisk.withKey(directory).keyPath;
    }

    @ParameterizedTest
    @ValueSource(strings = {"r--------", "rw-------"})
    void keyForItsOwnerOnlyIsRead(String mode) throws Exception {
        chmod(mode);

        assertThat(own().read().size()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "r--r-----",
                "r-----r--",
                "rw--w----",
                "rw-----w-",
                "rw---x---",
                "rwx------",
                "rw-r--r--",
                "rwxrwxrwx"
            })
    void keyWithAnyOtherModeIsRefusedWithTheCure(String mode) throws Exception {
        chmod(mode);

        refused(own()).hasMessageContaining("chmod 0400 " + key);
    }

    @Test
    void keyOfAnotherUserIsRefusedWithTheCure() {
        long me = PrivateFiles.runningUser();

        refused(new KeyFile(new KeyLocation.OwnFile(key), me + 1))
                .hasMessage(
                        "the key file "
                                + key
                                + " belongs to user "
                                + me
                                + ", but Mayfly runs as user "
                                + (me + 1)
                                + ": run it as the owner, for example with sudo -u '#"
                                + me
                                + "', or give the file away with chown "
                                + (me + 1)
                                + " "
                                + key);
    }

    @Test
    void runningUserIsTheOneTheKernelKnows() throws Exception {
        Path made = Files.createFile(directory.resolve("made"));

        assertThat(PrivateFiles.runningUser())
                .isEqualTo(((Integer) Files.getAttribute(made, "unix:uid")).longValue());
    }

    @Test
    void missingKeyIsNamed() throws Exception {
        Files.delete(key);

        refused(own()).hasMessageContaining(key + ", does not exist: restore it from a backup");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "canary-4711",
                "{\"primaryKeyId\": \"canary-4711\"}",
                "{\"primaryKeyId\":1,\"key\":[{\"keyData\":{\"typeUrl\":\"canary-4711\"}}]}",
                "[[[[\"canary-4711\""
            })
    void whatIsNotAKeysetIsRefusedWithoutQuotingIt(String content) throws Exception {
        Files.writeString(key, content);

        refused(own())
                .hasMessageContaining(key + " is not a Tink keyset")
                .hasNoCause()
                .hasMessageNotContaining("canary-4711");
    }

    @Test
    void keysetForSomethingElseIsRefused() throws Exception {
        // A MAC keyset, as "tinkey create-keyset --key-template HMAC_SHA256_128BITTAG" makes it.
        Files.writeString(
                key,
                "{\"primaryKeyId\":1,\"key\":[{\"keyData\":{\"typeUrl\":"
                        + "\"type.googleapis.com/google.crypto.tink.HmacKey\",\"value\":"
                        + "\"EgQIAxAQGiAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==\","
                        + "\"keyMaterialType\":\"SYMMETRIC\"},\"status\":\"ENABLED\",\"keyId\":1,"
                        + "\"outputPrefixType\":\"TINK\"}]}");

        refused(own()).hasMessageContaining("is not a Tink keyset for authenticated encryption");
    }

    @Test
    void hugeFileIsNotRead() throws Exception {
        Files.write(key, new byte[64 * 1024 + 1]);

        refused(own()).hasMessageContaining("longer than 65536 bytes");
    }

    @Test
    void printedKeyFileShowsNoKey() throws Exception {
        Keyset keyset = own().read();
        String secret = keyset.toJson().replaceAll(".*\"value\":\\s*\"([^\"]+)\".*", "$1");

        assertThat(secret).hasSizeGreaterThan(40);
        assertThat(keyset + " " + own()).doesNotContain(secret);
    }

    @Test
    void credentialThatSystemdSharesByAclIsRead() throws Exception {
        // Mode and owner as systemd 254 makes it for a service with User=.
        chmod("r--r-----");

        assertThat(credential().read().size()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"r--r--r--", "rw-rw----"})
    void credentialThatIsNotPrivateIsRefused(String mode) throws Exception {
        chmod(mode);

        refused(credential());
    }

    @Test
    void missingCredentialIsNamedWithTheCure() throws Exception {
        Files.delete(key);

        refused(credential())
                .hasMessageContaining("add LoadCredential=key:/path/to/key to the [Service]");
    }

    @Test
    void credentialIsFoundThroughTheEnvironment() {
        assertThat(
                        KeyLocation.credential(
                                "mayfly-key",
                                Map.of("CREDENTIALS_DIRECTORY", "/run/credentials/m")))
                .isEqualTo(
                        new KeyLocation.SystemdCredential(
                                Path.of("/run/credentials/m/mayfly-key")));
    }

    @Test
    void processWithoutCredentialsIsToldWhatToAdd() {
        assertThatThrownBy(() -> KeyLocation.credential("mayfly-key", Map.of()))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("CREDENTIALS_DIRECTORY is not set")
                .hasMessageContaining("LoadCredential=mayfly-key:");
    }

    private KeyFile own() {
        return new KeyFile(new KeyLocation.OwnFile(key), PrivateFiles.runningUser());
    }

    private KeyFile credential() {
        // Systemd's owner is root, whoever the service runs as.
        return new KeyFile(new KeyLocation.SystemdCredential(key), PrivateFiles.runningUser() + 1);
    }

    private void chmod(String mode) throws Exception {
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString(mode));
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> refused(KeyFile keyFile) {
        return assertThatThrownBy(keyFile::read)
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.SECRET));
    }
}
