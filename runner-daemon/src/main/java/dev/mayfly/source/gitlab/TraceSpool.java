package dev.mayfly.source.gitlab;

import java.io.IOException;

/**
 * A job's log on its way to the server: written once, at the end, by one thread; read any number of
 * times, anywhere, by another. Whoever makes it bounds it.
 */
public interface TraceSpool extends AutoCloseable {

    /**
     * Adds to the end. What was added can be read when this returns.
     *
     * @param bytes masked
     * @throws IOException when it could not be kept; what is there before is unharmed
     */
    void append(byte[] bytes, int offset, int length) throws IOException;

    /** Size and checksum of all that was added, taken at one moment. */
    TraceSum sum();

    /**
     * Reads what was added.
     *
     * @param from place of the first byte, at most the size
     * @param into filled from its start
     * @return how many bytes; 0 at the end only
     * @throws IOException when they cannot be read, or there never were any at that place
     */
    int read(long from, byte[] into) throws IOException;

    /** Nobody wants it any more: what is added from now on is dropped. */
    void drop();

    /** Ends its use; the content stays. */
    @Override
    void close() throws IOException;
}
