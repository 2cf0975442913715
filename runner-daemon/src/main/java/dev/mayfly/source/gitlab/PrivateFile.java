package dev.mayfly.source.gitlab;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A file for its owner's eyes, written whole or not at all. */
final class PrivateFile {

    private PrivateFile() {}

    /**
     * Puts new content in the place of a file. Whoever reads meanwhile, or after a crash at any
     * instant, finds the old content or the new. The caller keeps other writers out.
     */
    static void replace(Path file, String content) throws IOException {
        Path draft = file.resolveSibling("." + file.getFileName() + ".new");
        Files.deleteIfExists(draft);
        try (FileChannel channel =
                FileChannel.open(
                        draft,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE))) {
            ByteBuffer left = ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8));
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        syncDirectoryOf(file);
    }

    /**
     * A directory for its owner alone; made where it is missing.
     *
     * @throws StateException when it cannot be made
     */
    static Path directory(Path directory) {
        try {
            return Files.createDirectories(
                    directory,
                    PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_DIRECTORY));
        } catch (IOException e) {
            throw new StateException(
                    directory + " cannot be made (" + e + "): run as the user that runs Mayfly", e);
        }
    }

    /** Makes a name's change in its directory outlive a power cut. */
    static void syncDirectoryOf(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            try (FileChannel directory = FileChannel.open(parent)) {
                directory.force(true);
            }
        }
    }
}
