package dev.mayfly.logs;

/** The last bytes of a stream. They are copied rarely: a byte moves at most a few times. */
final class HeldBytes {

    private byte[] array = new byte[256];
    private int from;
    private int to;
    private long start;

    /** The position in the stream of the first one. */
    long start() {
        return start;
    }

    /** The position behind the last one. */
    long end() {
        return start + to - from;
    }

    byte[] array() {
        return array;
    }

    /** The index in the array of a position. */
    int indexOf(long position) {
        return from + (int) (position - start);
    }

    /** The index behind the last one. */
    int to() {
        return to;
    }

    /** Takes the bytes that follow, and lets go of all before a position. */
    void add(byte[] bytes, int first, int end, long keepFrom) {
        int more = first;
        if (keepFrom >= end()) {
            more += (int) (keepFrom - end());
            from = 0;
            to = 0;
        } else {
            from = indexOf(keepFrom);
        }
        start = keepFrom;
        makeRoomFor(end - more);
        System.arraycopy(bytes, more, array, to, end - more);
        to += end - more;
    }

    /** Moves the bytes to the front only when that makes half of the array free. */
    private void makeRoomFor(int more) {
        if (to + more <= array.length) {
            return;
        }
        int count = to - from;
        int needed = count + more;
        byte[] target = needed <= array.length / 2 ? array : new byte[2 * needed];
        System.arraycopy(array, from, target, 0, count);
        array = target;
        to = count;
        from = 0;
    }
}
