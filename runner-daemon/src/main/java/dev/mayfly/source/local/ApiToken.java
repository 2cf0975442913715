package dev.mayfly.source.local;

import dev.mayfly.job.SecretValue;
import dev.mayfly.job.Sha256;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What lets a client use the API: all of it. Prints as nothing. */
public final class ApiToken {

    /** As long as a key that nobody guesses. */
    private static final int RANDOM_BYTES = 32;

    private static final int SHORTEST = 16;

    private static final Set<PosixFilePermission> OTHERS =
            EnumSet.complementOf(
                    EnumSet.of(
                            PosixFilePermission.OWNER_READ,
                            PosixFilePermission.OWNER_WRITE,
                            PosixFilePermission.OWNER_EXECUTE));

    private final SecretValue value;

    /**
     * Uses a token.
     *
     * @param value at least 16 visible ASCII characters
     * @throws IllegalArgumentException without the value in its message
     */
    public ApiToken(String value) {
        if (value.length() < SHORTEST || !value.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(
                    "an API token is at least "
                            + SHORTEST
                            + " visible ASCII characters: make one with openssl rand -hex 32");
        }
        this.value = new SecretValue(value.getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Uses a token that the configuration gives.
     *
     * @throws StateException naming the key and the cure, without the value
     */
    public static ApiToken of(SecretValue configured) {
        try {
            return new ApiToken(new String(configured.reveal(), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw new StateException("api.token: " + e.getMessage(), e);
        }
    }

    /**
     * Reads a token from a file that only its owner may read.
     *
     * @throws StateException naming the file and the cure
     */
    public static ApiToken read(Path file) {
        try {
            Set<PosixFilePermission> open = EnumSet.copyOf(OTHERS);
            open.retainAll(Files.getPosixFilePermissions(file));
            if (!open.isEmpty()) {
                throw new StateException(
                        file + " can be used by others: run chmod 600 " + file, null);
            }
            return new ApiToken(Files.readString(file).strip());
        } catch (IOException e) {
            throw new StateException(
                    file
                            + " cannot be read ("
                            + e
                            + "): it holds the API's token; start the daemon, or run as its user",
                    e);
        } catch (IllegalArgumentException e) {
            throw new StateException(file + ": " + e.getMessage(), e);
        }
    }

    /** Reads the file, or makes it with a new token where there is none. */
    public static ApiToken readOrCreate(Path file) {
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        String fresh = Base64.getUrlEncoder().withoutPadding().encodeToString(random) + "\n";
        if (!Files.exists(file)) {
            try {
                // Moved into place whole: another process must not read half of it.
                Path draft =
                        Files.createTempFile(
                                file.toAbsolutePath().getParent(),
                                ".token",
                                null,
                                PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
                try {
                    Files.writeString(draft, fresh, StandardOpenOption.DSYNC);
                    Files.createLink(file, draft);
                } finally {
                    Files.delete(draft);
                }
            } catch (FileAlreadyExistsException e) {
                return read(file);
            } catch (IOException e) {
                throw new StateException(
                        file + " cannot be made (" + e + "): its directory must be writable", e);
            }
        }
        return read(file);
    }

    /**
     * Whether a request carries this token. Takes the same time for every wrong one.
     *
     * @param authorization the request's header, or null when it has none
     */
    boolean granted(@Nullable String authorization) {
        return authorization != null
                && MessageDigest.isEqual(
                        Sha256.of(header().getBytes(StandardCharsets.UTF_8)),
                        Sha256.of(authorization.getBytes(StandardCharsets.UTF_8)));
    }

    /** The header that carries this token. */
    String header() {
        return "Bearer " + new String(value.reveal(), StandardCharsets.US_ASCII);
    }

    @Override
    public String toString() {
        return "ApiToken[hidden]";
    }
}
