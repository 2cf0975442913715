package dev.mayfly.logs;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes in the order in which they came: in memory as long as they fit, then in a file.
 *
 * <p>The file has no name: it is deleted as soon as it is open, so that nobody can open it again
 * and nothing is left of it after a crash. Both parts are rings, so the file grows no longer than
 * its bound however much passes through. For use under the owner's lock.
 */
final class SpooledBytes {

    private static final Logger LOG = LoggerFactory.getLogger(SpooledBytes.class);

    private final Path directory;
    private final byte[] memory;
    private final long diskBytes;
    private int memoryFrom;
    private int memoryUsed;

    /** Not a channel: an interrupt, which is how a job is cancelled, would close that. */
    private @Nullable RandomAccessFile file;

    private long diskFrom;
    private long diskUsed;
    private boolean diskFailed;

    SpooledBytes(SpoolSettings settings) {
        directory = settings.directory();
        memory = new byte[settings.memoryBytes()];
        diskBytes = settings.diskBytes();
    }

    /** Deletes the names that a crash in the wrong moment left; open files stay as they are. */
    static void sweep(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.spool")) {
            for (Path left : files) {
                Files.deleteIfExists(left);
            }
        }
    }

    /**
     * Takes all of the bytes or none.
     *
     * @return whether there was room; a disk that is full has none
     */
    boolean append(byte[] bytes, int offset, int length) {
        // What is on disk is younger than what is in memory, so it must go first.
        if (diskUsed == 0 && length <= memory.length - memoryUsed) {
            int at = (memoryFrom + memoryUsed) % memory.length;
            int first = Math.min(length, memory.length - at);
            System.arraycopy(bytes, offset, memory, at, first);
            System.arraycopy(bytes, offset + first, memory, 0, length - first);
            memoryUsed += length;
            return true;
        }
        return length <= diskBytes - diskUsed && appendToDisk(bytes, offset, length);
    }

    private boolean appendToDisk(byte[] bytes, int offset, int length) {
        try {
            RandomAccessFile to = open();
            long at = (diskFrom + diskUsed) % diskBytes;
            int first = (int) Math.min(length, diskBytes - at);
            to.seek(at);
            to.write(bytes, offset, first);
            if (first < length) {
                to.seek(0);
                to.write(bytes, offset + first, length - first);
            }
        } catch (IOException e) {
            if (!diskFailed) {
                diskFailed = true;
                LOG.warn(
                        "the spool in {} cannot grow, so its job waits for the sink: {}",
                        directory,
                        e.getMessage());
            }
            return false;
        }
        diskUsed += length;
        return true;
    }

    /**
     * Gives the oldest bytes away.
     *
     * @param most at least 1
     * @return how many, less than asked for only where memory ends and the file begins
     * @throws IOException when what was written cannot be read again
     */
    int take(byte[] into, int most) throws IOException {
        if (memoryUsed > 0) {
            int length = Math.min(most, memoryUsed);
            int first = Math.min(length, memory.length - memoryFrom);
            System.arraycopy(memory, memoryFrom, into, 0, first);
            System.arraycopy(memory, 0, into, first, length - first);
            memoryFrom = (memoryFrom + length) % memory.length;
            memoryUsed -= length;
            return length;
        }
        int length = (int) Math.min(most, diskUsed);
        int first = (int) Math.min(length, diskBytes - diskFrom);
        RandomAccessFile from = open();
        from.seek(diskFrom);
        from.readFully(into, 0, first);
        if (first < length) {
            from.seek(0);
            from.readFully(into, first, length - first);
        }
        diskFrom = (diskFrom + length) % diskBytes;
        diskUsed -= length;
        if (diskUsed == 0) {
            diskFrom = 0;
            from.setLength(0);
        }
        return length;
    }

    private RandomAccessFile open() throws IOException {
        if (file == null) {
            Path name =
                    Files.createTempFile(
                            directory,
                            "",
                            ".spool",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rw-------")));
            file = new RandomAccessFile(name.toFile(), "rw");
            Files.deleteIfExists(name);
        }
        return file;
    }

    /** How many bytes are on disk. */
    long diskUsed() {
        return diskUsed;
    }

    /** Forgets everything. */
    void close() {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            LOG.warn("the spool in {} could not be closed: {}", directory, e.getMessage());
        }
    }
}
