package dev.mayfly.sandbox.docker;

import dev.mayfly.sandbox.Outlet;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One connection that a relay carries. Each direction has a window of its own: a connection whose
 * bytes nobody takes holds that much memory and no other connection up.
 */
final class RelayLine implements Outlet.Line {

    /** What may be on the way in one direction; the relay counts by the same number. */
    static final int WINDOW_BYTES = 128 * 1024;

    private static final int CREDIT_STEP = WINDOW_BYTES / 4;
    private static final int PIECE_BYTES = 32 * 1024;

    private final int id;
    private final AgentStream stream;
    private final Object lock = new Object();
    private final Deque<byte[]> arrived = new ArrayDeque<>();
    private int readOfFirst = AgentFrames.RELAY_ID_BYTES;
    private int arrivedBytes;
    private int taken;
    private int credit = WINDOW_BYTES;
    private boolean inputEnded;
    private boolean outputEnded;
    private boolean closed;
    private boolean left;
    private Runnable whenGone = () -> {};

    /**
     * Made when the relay has accepted the connection.
     *
     * @param id by which relay and daemon call it
     */
    RelayLine(int id, AgentStream stream) {
        this.id = id;
        this.stream = stream;
    }

    /**
     * Takes bytes from the relay; never waits.
     *
     * @param payload of a frame, its id first; owned by this object afterwards
     * @throws IllegalArgumentException if they are more than the relay was given leave for
     */
    void arrive(byte[] payload) {
        synchronized (lock) {
            arrivedBytes += payload.length - AgentFrames.RELAY_ID_BYTES;
            if (arrivedBytes + taken > WINDOW_BYTES || inputEnded) {
                throw new IllegalArgumentException("bytes beyond the window of a connection");
            }
            if (!closed && payload.length > AgentFrames.RELAY_ID_BYTES) {
                arrived.add(payload);
                lock.notifyAll();
            }
        }
    }

    /** The container sends no more. */
    void inputEnded() {
        synchronized (lock) {
            inputEnded = true;
            lock.notifyAll();
        }
    }

    /** The relay has delivered so many bytes. */
    void credited(int bytes) {
        synchronized (lock) {
            if (bytes < 0 || bytes > WINDOW_BYTES - credit) {
                throw new IllegalArgumentException("credit beyond the window of a connection");
            }
            credit += bytes;
            lock.notifyAll();
        }
    }

    /** The relay has closed the connection, or is gone itself. */
    void left() {
        Runnable then;
        synchronized (lock) {
            left = true;
            inputEnded = true;
            then = whenGone;
            lock.notifyAll();
        }
        then.run();
    }

    @Override
    public void whenGone(Runnable then) {
        synchronized (lock) {
            whenGone = then;
            if (!left) {
                return;
            }
        }
        then.run();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException, InterruptedException {
        int part;
        int credits = 0;
        synchronized (lock) {
            while (arrived.isEmpty() && !inputEnded && !closed) {
                lock.wait();
            }
            requireOpen();
            byte[] first = arrived.peek();
            if (first == null) {
                if (left && !outputEnded) {
                    throw new IOException("the container has closed the connection");
                }
                return -1;
            }
            part = Math.min(length, first.length - readOfFirst);
            System.arraycopy(first, readOfFirst, into, offset, part);
            readOfFirst += part;
            if (readOfFirst == first.length) {
                arrived.remove();
                readOfFirst = AgentFrames.RELAY_ID_BYTES;
            }
            arrivedBytes -= part;
            taken += part;
            if (taken >= CREDIT_STEP) {
                credits = taken;
                taken = 0;
            }
        }
        if (credits > 0) {
            stream.sendNow(AgentFrames.relayCredit(id, credits));
        }
        return part;
    }

    @Override
    public void write(byte[] bytes, int offset, int length)
            throws IOException, InterruptedException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            int part;
            synchronized (lock) {
                while (credit == 0 && !left && !closed) {
                    lock.wait();
                }
                requireOpen();
                if (left || outputEnded) {
                    throw new IOException("the container has closed the connection");
                }
                part = Math.min(Math.min(PIECE_BYTES, credit), end - at);
                credit -= part;
            }
            stream.sendRelayed(AgentFrames.relayData(id, bytes, at, part));
            at += part;
        }
    }

    @Override
    public void endOutput() {
        synchronized (lock) {
            if (outputEnded || closed || left) {
                return;
            }
            outputEnded = true;
        }
        stream.sendNow(AgentFrames.relayEnd(id));
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            arrived.clear();
            lock.notifyAll();
        }
        // Said once in each direction; then the relay uses the id again.
        stream.sendNow(AgentFrames.relayClose(id));
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the connection is closed");
        }
    }
}
