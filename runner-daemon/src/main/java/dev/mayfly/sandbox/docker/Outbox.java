package dev.mayfly.sandbox.docker;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Objects;

/**
 * What waits to be written to a container's standard input, as the stream that docker-java reads
 * from. Bounded: whoever sends faster than the container reads waits. Overwrites what it has handed
 * over, since it carries secrets.
 */
final class Outbox extends InputStream {

    /** Two frames of the largest size. */
    static final int BOUND_BYTES = 2 * AgentDecoder.MAX_PAYLOAD_BYTES;

    private final Object lock = new Object();
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private int readOfFirst;
    private boolean closed;

    /**
     * Waits for room, then queues the frame.
     *
     * @param frame owned by this object afterwards
     * @param deadline in the time of {@link System#nanoTime()}
     * @return false if there was no room by then
     * @throws IOException if the stream is closed
     */
    boolean send(byte[] frame, long deadline) throws InterruptedException, IOException {
        synchronized (lock) {
            while (waitingBytes >= BOUND_BYTES && !closed) {
                long millis = (deadline - System.nanoTime()) / 1_000_000;
                if (millis <= 0) {
                    return false;
                }
                lock.wait(millis);
            }
            add(frame);
            return true;
        }
    }

    /**
     * Queues a frame whether or not there is room; for signals and answers, of which there are few.
     */
    void sendNow(byte[] frame) throws IOException {
        synchronized (lock) {
            add(frame);
        }
    }

    private void add(byte[] frame) throws IOException {
        if (closed) {
            throw new IOException("the stream to the container is closed");
        }
        waiting.add(frame);
        waitingBytes += frame.length;
        lock.notifyAll();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        // The thread is docker-java's and would print a stack trace when the connection closes.
        Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> close());
        synchronized (lock) {
            while (waiting.isEmpty() && !closed) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while waiting for something to send", e);
                }
            }
            byte[] first = waiting.peek();
            if (first == null) {
                return -1;
            }
            int part = Math.min(length, first.length - readOfFirst);
            System.arraycopy(first, readOfFirst, into, offset, part);
            readOfFirst += part;
            waitingBytes -= part;
            if (readOfFirst == first.length) {
                Arrays.fill(first, (byte) 0);
                waiting.remove();
                readOfFirst = 0;
            }
            lock.notifyAll();
            return part;
        }
    }

    /** Ends the stream at once; what still waits is forgotten. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            waiting.forEach(frame -> Arrays.fill(frame, (byte) 0));
            waiting.clear();
            waitingBytes = 0;
            readOfFirst = 0;
            lock.notifyAll();
        }
    }
}
