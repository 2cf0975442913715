package dev.mayfly.source.gitlab;

import dev.mayfly.state.StateDirectory;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32;

/**
 * A spool in a file, so that an outage of any length costs disk and no memory. It stays whole when
 * a thread that reads or writes it is interrupted, as threads of jobs are.
 */
public final class FileTraceSpool implements TraceSpool {

    private static final int BLOCK_BYTES = 64 * 1024;

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock. No channel: an interrupt would close it.
    private final RandomAccessFile file;
    private final CRC32 crc = new CRC32();
    private long size;
    private boolean dropped;

    private FileTraceSpool(RandomAccessFile file) {
        this.file = file;
    }

    /**
     * Makes an empty spool, in the place of one that an earlier life left.
     *
     * @param file in a directory that exists
     */
    public static FileTraceSpool create(Path file) throws IOException {
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
        return new FileTraceSpool(new RandomAccessFile(file.toFile(), "rw"));
    }

    /**
     * Opens the spool that an earlier life left, with all that was written into it.
     *
     * @param file that exists
     */
    static FileTraceSpool reopen(Path file) throws IOException {
        FileTraceSpool spool = new FileTraceSpool(new RandomAccessFile(file.toFile(), "rw"));
        spool.count();
        return spool;
    }

    private void count() throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        lock.lock();
        try {
            for (int read = file.read(block); read > 0; read = file.read(block)) {
                size += read;
                crc.update(block, 0, read);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void append(byte[] bytes, int offset, int length) throws IOException {
        lock.lock();
        try {
            if (dropped) {
                return;
            }
            file.seek(size);
            file.write(bytes, offset, length);
            // Counted when it is all there: a full disk leaves the log as it was.
            size += length;
            crc.update(bytes, offset, length);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public TraceSum sum() {
        lock.lock();
        try {
            return new TraceSum(crc.getValue(), size);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(long from, byte[] into) throws IOException {
        lock.lock();
        try {
            if (from < 0 || from > size) {
                throw new EOFException("the log has " + size + " bytes and none at " + from);
            }
            int length = (int) Math.min(into.length, size - from);
            file.seek(from);
            file.readFully(into, 0, length);
            return length;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void drop() {
        lock.lock();
        try {
            dropped = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
