package dev.mayfly.source.gitlab;

import java.io.ByteArrayOutputStream;

/**
 * Makes UTF-8 of any bytes: what is none becomes U+FFFD. A character may come in any number of
 * pieces; of an incomplete one at most three bytes are held back. For one thread.
 */
final class Utf8Repair {

    private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

    private final byte[] held = new byte[3];
    private int length;
    private int missing;

    /** The next byte of a character must be in here. */
    private int lowest;

    private int highest;

    /** Repairs a piece. */
    void accept(byte[] bytes, int offset, int count, ByteArrayOutputStream out) {
        for (int i = offset; i < offset + count; i++) {
            accept(bytes[i], out);
        }
    }

    /** No more comes: what is held back stays incomplete. */
    void finish(ByteArrayOutputStream out) {
        if (missing > 0) {
            out.writeBytes(REPLACEMENT);
        }
        length = 0;
        missing = 0;
    }

    private void accept(byte next, ByteArrayOutputStream out) {
        int value = next & 0xFF;
        if (missing > 0) {
            if (value >= lowest && value <= highest) {
                continued(next, out);
                return;
            }
            finish(out); // and what came instead may begin a character
        }
        if (value < 0x80) {
            out.write(value);
        } else if (value >= 0xC2 && value <= 0xDF) {
            begin(next, 1, 0x80, 0xBF);
        } else if (value >= 0xE0 && value <= 0xEF) {
            // No longer form than needed, no surrogates.
            begin(next, 2, value == 0xE0 ? 0xA0 : 0x80, value == 0xED ? 0x9F : 0xBF);
        } else if (value >= 0xF0 && value <= 0xF4) {
            begin(next, 3, value == 0xF0 ? 0x90 : 0x80, value == 0xF4 ? 0x8F : 0xBF);
        } else {
            out.writeBytes(REPLACEMENT);
        }
    }

    private void begin(byte first, int more, int low, int high) {
        held[0] = first;
        length = 1;
        missing = more;
        lowest = low;
        highest = high;
    }

    private void continued(byte next, ByteArrayOutputStream out) {
        missing--;
        if (missing == 0) {
            out.write(held, 0, length);
            out.write(next);
            length = 0;
        } else {
            held[length++] = next;
            lowest = 0x80;
            highest = 0xBF;
        }
    }
}
