package dev.mayfly.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Where a daemon keeps what must outlive it. Only its owner may look inside: job documents and logs
 * are in it.
 *
 * @param root the directory, absolute
 */
public record StateDirectory(Path root) {

    /** What every directory in here has: 0700. */
    public static final Set<PosixFilePermission> PRIVATE_DIRECTORY =
            PosixFilePermissions.fromString("rwx------");

    /** What every file in here has: 0600. */
    public static final Set<PosixFilePermission> PRIVATE_FILE =
            PosixFilePermissions.fromString("rw-------");

    public StateDirectory {
        root = root.toAbsolutePath().normalize();
    }

    /**
     * Makes the directory and its parts where they are missing, and closes them to others where
     * they are open.
     *
     * @throws StateException naming the directory that could not be made
     */
    public StateDirectory create() {
        privateDirectory(root);
        privateDirectory(logs());
        privateDirectory(spool());
        privateDirectory(uploads());
        privateDirectory(incoming());
        privateDirectory(lives());
        privateDirectory(engines());
        return this;
    }

    /** The database of queue and journal. */
    public Path database() {
        return root.resolve("state.db");
    }

    /** Retained logs. */
    public Path logs() {
        return root.resolve("logs");
    }

    /** Masked output on its way to slow sinks, in files without names. */
    public Path spool() {
        return root.resolve("spool");
    }

    /** Packed workspaces of jobs that have not ended, one file each. */
    public Path uploads() {
        return root.resolve("uploads");
    }

    /** Uploads that are on their way. */
    public Path incoming() {
        return uploads().resolve("incoming");
    }

    /** One locked file for each process that runs. */
    public Path lives() {
        return root.resolve("lives");
    }

    /** There while an operator keeps the daemon from taking jobs. */
    public Path drained() {
        return root.resolve("drained");
    }

    /** Sockets that lead to engines on other hosts. */
    public Path engines() {
        return root.resolve("engines");
    }

    /** What tells this daemon's containers from another's on the same engine. */
    public Path daemonId() {
        return root.resolve("daemon-id");
    }

    private static void privateDirectory(Path directory) {
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PRIVATE_DIRECTORY));
            if (!Files.getPosixFilePermissions(directory).equals(PRIVATE_DIRECTORY)) {
                Files.setPosixFilePermissions(directory, PRIVATE_DIRECTORY);
            }
        } catch (IOException e) {
            throw new StateException(
                    directory
                            + " cannot be made a directory of mode 0700 ("
                            + e
                            + "): run as the user it belongs to, or name another one with"
                            + " daemon.state_dir",
                    e);
        }
    }
}
