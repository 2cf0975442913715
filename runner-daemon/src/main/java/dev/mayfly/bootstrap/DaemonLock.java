package dev.mayfly.bootstrap;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * One daemon serves a state directory, for two would run twice as many jobs as the pools have
 * slots. The kernel ends the lock with the process, however that ends.
 */
final class DaemonLock implements AutoCloseable {

    private final FileChannel channel;

    private DaemonLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the directory for this daemon.
     *
     * @throws StateException when another daemon has it, with the cure
     */
    static DaemonLock take(StateDirectory directory) {
        Path file = directory.create().root().resolve("daemon.lock");
        try {
            FileChannel channel =
                    FileChannel.open(
                            file,
                            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                            PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
            if (locked(channel)) {
                return new DaemonLock(channel);
            }
            channel.close();
        } catch (IOException e) {
            throw new StateException(
                    file
                            + " cannot be locked ("
                            + e.getMessage()
                            + "): the state directory must be"
                            + " on a local file system",
                    e);
        }
        throw new StateException(
                "another daemon serves "
                        + directory.root()
                        + "; stop it, or give this one a daemon.state_dir of its own",
                null);
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // this very process
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new StateException("daemon.lock could not be released", e);
        }
    }
}
