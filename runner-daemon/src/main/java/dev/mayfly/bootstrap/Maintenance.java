package dev.mayfly.bootstrap;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.Set;

/**
 * Whether an operator has taken this host out of service. Kept in a file of the state directory: a
 * host that was drained to be worked on does not take jobs because it was started again meanwhile.
 */
final class Maintenance {

    private final Path file;

    private Maintenance(Path file) {
        this.file = file;
    }

    static Maintenance in(StateDirectory directory) {
        return new Maintenance(directory.drained());
    }

    /** Since when, or empty while the host is in service. */
    Optional<Instant> since() {
        if (Files.notExists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Instant.parse(Files.readString(file).strip()));
        } catch (IOException | DateTimeParseException e) {
            // It is there, which is what counts; a power cut may have emptied it.
            return Optional.of(Instant.EPOCH);
        }
    }

    /** Begins, unless it has begun. It outlives a power cut when this returns. */
    void begin(Instant now) {
        if (since().isPresent()) {
            return;
        }
        try {
            Files.createFile(
                    file, PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
            try (FileChannel open = FileChannel.open(file, Set.of(StandardOpenOption.WRITE))) {
                open.write(ByteBuffer.wrap(now.toString().getBytes(StandardCharsets.UTF_8)));
                open.force(true);
            }
        } catch (IOException e) {
            throw new StateException(file + " cannot be written: " + e, e);
        }
    }

    /** Ends, if it has begun. */
    void end() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new StateException(file + " cannot be removed: " + e, e);
        }
    }
}
