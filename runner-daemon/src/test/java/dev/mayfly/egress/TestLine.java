package dev.mayfly.egress;

import dev.mayfly.sandbox.Outlet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A connection of a container that sends what it is made with, and keeps what it is told. */
final class TestLine implements Outlet.Line {

    private final byte[] sends;
    private final int piece;
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();
    private int at;
    private boolean ended;
    private boolean closed;

    /**
     * Made before it connects.
     *
     * @param piece how many bytes arrive at once
     */
    TestLine(byte[] sends, int piece) {
        this.sends = sends;
        this.piece = piece;
    }

    static TestLine saying(String text) {
        return new TestLine(text.getBytes(StandardCharsets.ISO_8859_1), 7);
    }

    @Override
    public synchronized int read(byte[] into, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("closed");
        }
        int part = Math.min(Math.min(piece, length), sends.length - at);
        if (part == 0) {
            return -1;
        }
        System.arraycopy(sends, at, into, offset, part);
        at += part;
        return part;
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed || ended) {
            throw new IOException("closed");
        }
        told.write(bytes, offset, length);
    }

    @Override
    public synchronized void endOutput() {
        ended = true;
    }

    @Override
    public void whenGone(Runnable then) {
        // It stays until it is closed.
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    synchronized String told() {
        return told.toString(StandardCharsets.ISO_8859_1);
    }
}
