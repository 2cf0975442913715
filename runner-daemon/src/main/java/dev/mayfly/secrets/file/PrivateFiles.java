package dev.mayfly.secrets.file;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Files that are for one user's eyes. */
final class PrivateFiles {

    static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(
                    EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private PrivateFiles() {}

    /**
     * Puts new content in the place of a file, all of it or nothing of it: whoever reads meanwhile,
     * or after a crash at any instant, finds the old content or the new.
     *
     * <p>The caller keeps other writers out: there is one draft for each file, so that a crash
     * leaves at most one behind, and the next write takes it away.
     */
    static void replace(Path file, byte[] content) throws IOException {
        Path draft = draftOf(file);
        Files.deleteIfExists(draft);
        try (FileChannel channel =
                FileChannel.open(
                        draft,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        OWNER_ONLY)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        // The rename itself is durable only with the directory.
        try (FileChannel directory = FileChannel.open(directoryOf(file))) {
            directory.force(true);
        }
    }

    /**
     * Whether there is a file. What cannot be told is an error and not a no: whoever may not look
     * would be told that there are no secrets.
     */
    static boolean exists(Path file) throws IOException {
        try {
            Files.readAttributes(file, BasicFileAttributes.class);
            return true;
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    static Path draftOf(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".new");
    }

    static void createDirectoryOf(Path file) throws IOException {
        Path directory = directoryOf(file);
        // createDirectories refuses a symbolic link to a directory, which is an ordinary thing.
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, OWNER_ONLY_DIRECTORY);
        }
    }

    /** The number of the user this process runs as. */
    static long runningUser() {
        return new UnixSystem().getUid();
    }

    private static Path directoryOf(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IOException(file + " is not a file's name");
        }
        return directory;
    }
}
