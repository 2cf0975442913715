package dev.mayfly.egress;

import dev.mayfly.sandbox.Outlet.Line;
import java.io.IOException;
import java.util.Arrays;

/** The first bytes that a container sends, kept until it is known what they mean. */
final class Opening {

    private final Line line;
    private byte[] bytes = new byte[2048];
    private int length;
    private boolean ended;

    Opening(Line line) {
        this.line = line;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Waits for more; false when there is none, or there has been enough. */
    boolean more() throws IOException, InterruptedException {
        if (ended || length == RequestHead.LONGEST_BYTES) {
            return false;
        }
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, RequestHead.LONGEST_BYTES);
        }
        int n = line.read(bytes, length, bytes.length - length);
        ended = n < 0;
        length += Math.max(n, 0);
        return !ended;
    }

    /** Puts other bytes in the place of the first ones. */
    void replace(int count, byte[] by) {
        byte[] changed = new byte[Math.max(by.length + length - count, bytes.length)];
        System.arraycopy(by, 0, changed, 0, by.length);
        System.arraycopy(bytes, count, changed, by.length, length - count);
        length = by.length + length - count;
        bytes = changed;
    }
}
