package dev.mayfly.source.gitlab;

import dev.mayfly.state.StateDirectory;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32;

/** A spool in a file, so that an outage of any length costs disk and no memory. */
public final class FileTraceSpool implements TraceSpool {

    private static final int BLOCK_BYTES = 64 * 1024;

    private final FileChannel channel;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private final CRC32 crc = new CRC32();
    private long size;

    private FileTraceSpool(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Makes an empty spool, in the place of one that an earlier life left.
     *
     * @param file in a directory that exists
     */
    public static FileTraceSpool create(Path file) throws IOException {
        Files.deleteIfExists(file);
        return new FileTraceSpool(
                FileChannel.open(
                        file,
                        Set.of(
                                StandardOpenOption.CREATE_NEW,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE)));
    }

    /**
     * Opens the spool that an earlier life left, with all that was written into it.
     *
     * @param file that exists
     */
    static FileTraceSpool reopen(Path file) throws IOException {
        FileTraceSpool spool =
                new FileTraceSpool(
                        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
        spool.count();
        return spool;
    }

    private void count() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BLOCK_BYTES);
        lock.lock();
        try {
            while (channel.read(buffer, size) > 0) {
                size += buffer.position();
                crc.update(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void append(byte[] bytes, int offset, int length) throws IOException {
        lock.lock();
        try {
            ByteBuffer left = ByteBuffer.wrap(bytes, offset, length);
            long at = size;
            while (left.hasRemaining()) {
                at += channel.write(left, at);
            }
            // Counted when it is all there: a full disk leaves the log as it was.
            size = at;
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
        long end = sum().bytes();
        if (from < 0 || from > end) {
            throw new EOFException("the log has " + end + " bytes and none at " + from);
        }
        int length = (int) Math.min(into.length, end - from);
        ByteBuffer buffer = ByteBuffer.wrap(into, 0, length);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, from + buffer.position()) < 0) {
                throw new EOFException("the file has lost bytes of the log");
            }
        }
        return length;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
