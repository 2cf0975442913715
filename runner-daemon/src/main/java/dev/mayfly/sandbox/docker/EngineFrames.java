package dev.mayfly.sandbox.docker;

/**
 * Takes off what the engine puts around the output of a container that it multiplexes: before each
 * piece one byte for the stream, three zeros, and the piece's length in four bytes, big-endian
 * (Docker Engine API, "Attach to a container"). Both streams of an agent's container are the
 * agent's, so they are not told apart. Used by one thread.
 */
final class EngineFrames {

    private static final int HEADER_BYTES = 8;
    private static final int LENGTH_AT = 4;
    private static final int LAST_STREAM = 2;

    private int headerTaken;

    /** Of the header that has been taken last, or is being taken. */
    private long left;

    /** Takes pieces of what the container wrote, in order. */
    @FunctionalInterface
    interface Receiver {
        void accept(byte[] bytes, int from, int to) throws InterruptedException;
    }

    /**
     * Takes the next bytes, and hands on what they carry as parts of the same array.
     *
     * @param length how many of the array's bytes these are, from its first on
     * @throws IllegalArgumentException if the engine does not keep to its format
     */
    void feed(byte[] bytes, int length, Receiver receiver) throws InterruptedException {
        int at = 0;
        while (at < length) {
            if (headerTaken < HEADER_BYTES) {
                takeHeader(bytes[at++] & 0xFF);
            } else {
                int part = (int) Math.min(length - at, left);
                receiver.accept(bytes, at, at + part);
                at += part;
                left -= part;
            }
            if (headerTaken == HEADER_BYTES && left == 0) {
                headerTaken = 0;
            }
        }
    }

    private void takeHeader(int next) {
        if (headerTaken < LENGTH_AT) {
            if (next > (headerTaken == 0 ? LAST_STREAM : 0)) {
                throw new IllegalArgumentException(
                        "%d at %d of a header".formatted(next, headerTaken));
            }
            left = 0;
        } else {
            left = left << Byte.SIZE | next;
        }
        headerTaken++;
    }

    /** Whether the stream ended in the middle of a frame. */
    boolean cut() {
        return headerTaken > 0;
    }
}
