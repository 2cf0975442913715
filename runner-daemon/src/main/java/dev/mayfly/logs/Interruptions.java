package dev.mayfly.logs;

import java.util.Arrays;

/**
 * Where the last bytes of a stream are interrupted, and so the way between its two counts of
 * positions: of all bytes, and of the shown ones, those of the text (see {@link TerminalText}).
 */
final class Interruptions {

    /** An occurrence that is interrupted by more bytes is none; so what is held back is bounded. */
    static final int MOST_BYTES = 64 * 1024;

    /**
     * So few bytes do not wait at a line's end for the rest of a secret: most lines end with a byte
     * that some secret begins with.
     */
    static final int TOO_FEW_TO_WAIT = 3;

    /** Before the end of a line that ends with so many bytes without a blank, any number waits. */
    static final int FULL_LINE = 60;

    /** Up to so many it does not pay to look around the one that was found last. */
    private static final int FEW = 8;

    private long[] start = new long[16];
    private long[] end = new long[16];

    /** How many shown bytes stand before it. */
    private long[] shown = new long[16];

    /** Whether a few bytes before it do not wait. */
    private boolean[] lets = new boolean[16];

    private int from;
    private int to;
    private long total;

    /** How many shown bytes stand before the last one that was forgotten. */
    private long forgotten;

    /** What was found last, or what has taken its place. */
    private int found;

    /** How many bytes all interruptions have up to now. */
    long total() {
        return total;
    }

    /** There is an interruption from a position to before another one. */
    void add(long position, long before, boolean lets) {
        int index = to;
        if (index == start.length) {
            makeRoom();
            index = to;
        }
        start[index] = position;
        end[index] = before;
        shown[index] = position - total;
        this.lets[index] = lets;
        total += before - position;
        to = index + 1;
    }

    /** The last interruption reaches up to a position. */
    void reach(long position, boolean lets) {
        total += position - end[to - 1];
        end[to - 1] = position;
        this.lets[to - 1] = lets;
    }

    /**
     * Forgets those that end at a position or before.
     *
     * @param goesOn whether the last one has not ended
     */
    void forget(long position, boolean goesOn) {
        int last = goesOn ? to - 1 : to;
        int first = from;
        if (from < last && end[last - 1] <= position) {
            from = last; // as nearly always
        }
        while (from < last && end[from] <= position) {
            from++;
        }
        if (from > first) {
            forgotten = shown[from - 1];
        }
        if (from == to) {
            from = 0;
            to = 0;
        }
    }

    void forgetAll() {
        from = 0;
        to = 0;
    }

    /** How many are remembered. */
    int count() {
        return to - from;
    }

    /** Of the remembered ones, the first is 0. */
    long start(int index) {
        return start[from + index];
    }

    long end(int index) {
        return end[from + index];
    }

    /** How many shown bytes stand before a position, of which nothing was forgotten. */
    long shownBefore(long position) {
        if (from == to) {
            return position - total;
        }
        return Math.min(shown[from], position - start[from] + shown[from]);
    }

    /**
     * Whether one was forgotten that stood behind a shown byte: what began there and goes on is
     * interrupted by more than {@link #MOST_BYTES}, or none would have been.
     */
    boolean wasForgottenBehind(long shownByte) {
        return shownByte < forgotten;
    }

    /** Whether any stand behind a shown byte; if none do, all stand before it. */
    boolean standBehind(long shownByte) {
        return from < to && shown[to - 1] > shownByte;
    }

    /** The position of a shown byte. */
    long position(long shownByte) {
        return position(shownByte, firstBehind(shownByte));
    }

    private long position(long shownByte, int firstBehind) {
        if (firstBehind > from) {
            return shownByte + end[firstBehind - 1] - shown[firstBehind - 1];
        }
        return shownByte + (from < to ? start[from] - shown[from] : total);
    }

    /**
     * From where on the bytes from a shown one on may be hidden: from it, or, if a line ends too
     * soon behind it, from behind that line end.
     *
     * @param last shown bytes up to this one count, and what interrupts before it
     */
    long hiddenFrom(long shownByte, long last) {
        long before = Math.min(last, shownByte + TOO_FEW_TO_WAIT);
        int index = firstBehind(shownByte);
        long hidden = position(shownByte, index);
        while (index < to && shown[index] <= before) {
            if (lets[index]) {
                hidden = end[index];
            }
            index++;
        }
        return hidden;
    }

    /** The first interruption that stands behind a shown byte. */
    private int firstBehind(long shownByte) {
        return to - from <= FEW ? firstBehind(shownByte, from, to) : firstBehindNear(shownByte);
    }

    private int firstBehind(long shownByte, int first, int last) {
        int low = first;
        int high = last;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (shown[middle] <= shownByte) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Looks around what was found last, since most questions are about places near each other. */
    private int firstBehindNear(long shownByte) {
        int low = from;
        int high = to;
        int near = Math.clamp(found, low, high);
        if (near < high && shown[near] <= shownByte) {
            low = near + 1;
            for (int step = 1; step <= high - low; step *= 2) {
                int probe = low + step - 1;
                if (shown[probe] > shownByte) {
                    high = probe;
                    break;
                }
                low = probe + 1;
            }
        } else {
            high = near;
            for (int step = 1; step <= high - low; step *= 2) {
                int probe = high - step;
                if (shown[probe] <= shownByte) {
                    low = probe + 1;
                    break;
                }
                high = probe;
            }
        }
        found = firstBehind(shownByte, low, high);
        return found;
    }

    private void makeRoom() {
        int count = to - from;
        int capacity = count > start.length / 2 ? 2 * start.length : start.length;
        start = moved(start, capacity);
        end = moved(end, capacity);
        shown = moved(shown, capacity);
        boolean[] target = capacity == lets.length ? lets : new boolean[capacity];
        System.arraycopy(lets, from, target, 0, count);
        lets = target;
        from = 0;
        to = count;
    }

    private long[] moved(long[] array, int capacity) {
        long[] target = capacity == array.length ? array : new long[capacity];
        System.arraycopy(array, from, target, 0, to - from);
        return target;
    }

    @Override
    public String toString() {
        return "Interruptions" + Arrays.toString(Arrays.copyOfRange(start, from, to));
    }
}
