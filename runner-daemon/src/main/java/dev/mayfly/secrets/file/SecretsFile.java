package dev.mayfly.secrets.file;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The encrypted file: a line that names the format and its version, then one ciphertext. The line
 * is the ciphertext's associated data, so neither is good without the other.
 *
 * @param path where it is; it need not exist
 * @param keyFile what it is encrypted with
 */
record SecretsFile(Path path, KeyFile keyFile) {

    /** Some hundred secrets of the largest size; bounds what a read takes of the heap. */
    private static final int MAX_BYTES = 32 * 1024 * 1024;

    private static final int MAX_LOOKS = 10;

    private static final byte[] HEADER = "mayfly-secrets 1\n".getBytes(StandardCharsets.US_ASCII);

    /**
     * Whether there is a file.
     *
     * @throws FaultException when that cannot be told
     */
    boolean exists() {
        try {
            return PrivateFiles.exists(path);
        } catch (IOException e) {
            throw fault(
                    "cannot be looked at ("
                            + e.getMessage()
                            + "): run as the user it belongs to, or give this user the right to"
                            + " search its directories",
                    e);
        }
    }

    /**
     * Reads everything or nothing. A file that does not exist has no secrets and needs no key.
     *
     * @return closed by the caller
     * @throws FaultException naming the file, the cause and the cure
     */
    SecretsDocument read() {
        if (!exists()) {
            return new SecretsDocument();
        }
        Keyset keyset = keyFile.read();
        for (int look = 0; look < MAX_LOOKS; look++) {
            Optional<SecretsDocument> document = decrypted(keyset);
            if (document.isPresent()) {
                return document.get();
            }
            // A rotation replaces the key and the file one after the other: this reader may have
            // seen the key from before and the file from after. It has not if the key is the same.
            Keyset latest = keyFile.read();
            if (latest.holdsTheSameKeysAs(keyset)) {
                break;
            }
            keyset = latest;
        }
        throw fault(
                "cannot be decrypted with the key in "
                        + keyFile.location().path()
                        + ": it is another key, or the file was changed or cut off; restore the"
                        + " file and its key from one backup (after a rotation, restart a service"
                        + " that has its key from systemd)");
    }

    private Optional<SecretsDocument> decrypted(Keyset keyset) {
        byte[] content = content();
        byte[] plaintext = {};
        try {
            plaintext =
                    keyset.decrypt(
                            Arrays.copyOfRange(content, HEADER.length, content.length), HEADER);
            return Optional.of(SecretsDocument.decode(plaintext));
        } catch (GeneralSecurityException _) {
            return Optional.empty();
        } catch (IOException e) {
            throw fault(
                    "holds what this version of Mayfly cannot read; use the one that wrote it", e);
        } finally {
            Arrays.fill(plaintext, (byte) 0);
        }
    }

    private byte[] content() {
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw fault("is longer than " + MAX_BYTES + " bytes; restore it from a backup");
            }
            byte[] content = Files.readAllBytes(path);
            if (!Arrays.equals(
                    HEADER,
                    0,
                    HEADER.length,
                    content,
                    0,
                    Math.min(HEADER.length, content.length))) {
                throw fault(
                        "does not begin with \"mayfly-secrets 1\": it is something else, was"
                                + " damaged, or was written by a newer Mayfly; name the right file"
                                + " or restore it from a backup");
            }
            return content;
        } catch (NoSuchFileException e) {
            throw fault("was removed a moment ago; try again", e);
        } catch (IOException e) {
            throw fault("cannot be read: " + e + "; check its owner and mode", e);
        }
    }

    /** Replaces the file. The caller holds the write lock. */
    void write(SecretsDocument document, Keyset keyset) {
        byte[] plaintext = {};
        try {
            plaintext = document.encode();
            byte[] ciphertext = keyset.encrypt(plaintext, HEADER);
            if (HEADER.length + ciphertext.length > MAX_BYTES) {
                throw fault(
                        "would grow beyond "
                                + MAX_BYTES
                                + " bytes; nothing was changed; remove secrets that nobody uses");
            }
            byte[] content = Arrays.copyOf(HEADER, HEADER.length + ciphertext.length);
            System.arraycopy(ciphertext, 0, content, HEADER.length, ciphertext.length);
            PrivateFiles.replace(path, content);
        } catch (IOException | GeneralSecurityException e) {
            throw fault("cannot be written: " + e + "; what it held before still stands", e);
        } finally {
            Arrays.fill(plaintext, (byte) 0);
        }
    }

    private FaultException fault(String finding) {
        return new FaultException(Fault.SECRET, "the secrets file " + path + " " + finding);
    }

    private FaultException fault(String finding, Exception cause) {
        return new FaultException(Fault.SECRET, "the secrets file " + path + " " + finding, cause);
    }
}
