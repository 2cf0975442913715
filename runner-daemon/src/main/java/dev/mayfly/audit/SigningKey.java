package dev.mayfly.audit;

import dev.mayfly.job.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;

/**
 * Signs checkpoints: Ed25519, RFC 8032. In a file of mode 0600 that no job sees, its public half
 * beside the trail.
 */
final class SigningKey {

    private static final String ALGORITHM = "Ed25519";
    private static final String PRIVATE_LABEL = "PRIVATE KEY";
    private static final String PUBLIC_LABEL = "PUBLIC KEY";

    private static final Set<PosixFilePermission> OTHERS =
            EnumSet.complementOf(
                    EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));

    private final PrivateKey key;
    private final String fingerprint;

    private SigningKey(PrivateKey key, String fingerprint) {
        this.key = key;
        this.fingerprint = fingerprint;
    }

    /**
     * Reads the key, or makes one where there is none.
     *
     * @param file of the key; its public half is in {@code file} with {@code .pub} behind it
     * @throws IOException naming the file and the cure
     */
    static SigningKey readOrCreate(Path file) throws IOException {
        try {
            if (!Files.exists(file)) {
                create(file);
            }
            Set<PosixFilePermission> open = EnumSet.copyOf(OTHERS);
            open.retainAll(Files.getPosixFilePermissions(file));
            if (!open.isEmpty()) {
                throw new IOException(
                        file + " can be used by others, who could sign: run chmod 600 " + file);
            }
            KeyFactory keys = KeyFactory.getInstance(ALGORITHM);
            return new SigningKey(
                    keys.generatePrivate(
                            new PKCS8EncodedKeySpec(
                                    decoded(file, Files.readString(file), PRIVATE_LABEL))),
                    fingerprint(readPublic(publicHalf(file))));
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    file
                            + " is no key for Ed25519 in PEM ("
                            + e.getMessage()
                            + "): put the right one there, or remove it and "
                            + publicHalf(file)
                            + " for a new one",
                    e);
        }
    }

    /** What others check signatures with. */
    static PublicKey readPublic(Path file) throws IOException {
        try {
            return KeyFactory.getInstance(ALGORITHM)
                    .generatePublic(
                            new X509EncodedKeySpec(
                                    decoded(file, Files.readString(file), PUBLIC_LABEL)));
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    file + " is no public key for Ed25519 in PEM: " + e.getMessage(), e);
        }
    }

    /** Where the public half of a key is. */
    static Path publicHalf(Path file) {
        return file.resolveSibling(file.getFileName() + ".pub");
    }

    /** By which people know a key again: SHA-256 of its public half, in hexadecimal digits. */
    static String fingerprint(PublicKey key) {
        return HexFormat.of().formatHex(Sha256.of(key.getEncoded()));
    }

    String fingerprint() {
        return fingerprint;
    }

    AuditEvent.Checkpoint checkpoint(AuditLine.Place place) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(signed(place.seq(), place.prev()));
            return new AuditEvent.Checkpoint(
                    fingerprint, Base64.getEncoder().encodeToString(signature.sign()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has Ed25519", e);
        }
    }

    /** Whether a line is a checkpoint that the key's owner has made. */
    static boolean vouchesFor(PublicKey key, AuditLine line) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initVerify(key);
            signature.update(signed(line.seq(), line.prev()));
            return signature.verify(Base64.getDecoder().decode(line.text("signature")));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    private static byte[] signed(long seq, String prev) {
        return (seq + " " + prev).getBytes(StandardCharsets.US_ASCII);
    }

    private static void create(Path file) throws IOException, GeneralSecurityException {
        KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
        // The public half first: where the key is, its half is too.
        Path half = publicHalf(file);
        Path draft = draft(file, pem(PUBLIC_LABEL, pair.getPublic().getEncoded()));
        Path secret = draft(file, pem(PRIVATE_LABEL, pair.getPrivate().getEncoded()));
        try {
            Files.createLink(half, draft);
            Files.createLink(file, secret);
        } catch (FileAlreadyExistsException e) {
            // Another process was first.
        } finally {
            Files.delete(draft);
            Files.delete(secret);
        }
    }

    private static Path draft(Path file, String text) throws IOException {
        Path draft =
                Files.createTempFile(
                        file.toAbsolutePath().getParent(),
                        ".key",
                        null,
                        PosixFilePermissions.asFileAttribute(
                                EnumSet.of(
                                        PosixFilePermission.OWNER_READ,
                                        PosixFilePermission.OWNER_WRITE)));
        Files.writeString(draft, text, StandardOpenOption.DSYNC);
        return draft;
    }

    private static String pem(String label, byte[] bytes) {
        return "-----BEGIN "
                + label
                + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
                + "\n-----END "
                + label
                + "-----\n";
    }

    private static byte[] decoded(Path file, String text, String label) throws IOException {
        String begin = "-----BEGIN " + label + "-----";
        String end = "-----END " + label + "-----";
        int from = text.indexOf(begin);
        int to = text.indexOf(end);
        if (from < 0 || to < from) {
            throw new IOException(file + " holds no " + begin + ": is it the right file?");
        }
        try {
            return Base64.getMimeDecoder()
                    .decode(text.substring(from + begin.length(), to).strip());
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }
}
