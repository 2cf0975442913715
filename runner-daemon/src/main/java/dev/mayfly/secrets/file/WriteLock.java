package dev.mayfly.secrets.file;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets one writer at a time change the secrets file, among all threads and processes of this host.
 * The kernel releases it with the process, so a crash leaves nothing locked.
 */
final class WriteLock implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofMillis(20);

    private final FileChannel channel;

    private WriteLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Waits for its turn.
     *
     * @param file the file to write; the lock is a file beside it, which stays, because removing it
     *     would let two writers lock two files
     * @param limit how long to wait at most
     * @throws FaultException when another writer holds it for longer
     */
    static WriteLock on(Path file, Duration limit) throws IOException, InterruptedException {
        Path lock = file.resolveSibling(file.getFileName() + ".lock");
        PrivateFiles.createDirectoryOf(lock);
        FileChannel channel =
                FileChannel.open(
                        lock,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PrivateFiles.OWNER_ONLY);
        boolean locked = false;
        try {
            long start = System.nanoTime();
            while (tryLock(channel) == null) {
                if (System.nanoTime() - start > limit.toNanos()) {
                    throw new FaultException(
                            Fault.SECRET,
                            "another process has been writing "
                                    + file
                                    + " for more than "
                                    + limit.toSeconds()
                                    + " s: end it (see: fuser -v "
                                    + lock
                                    + ") and try again");
                }
                Thread.sleep(PAUSE);
            }
            locked = true;
            return new WriteLock(channel);
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by another thread of this process
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
