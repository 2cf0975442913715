package dev.mayfly.logs;

/**
 * The longest runs of hidden bytes that one look at the stream has found and that are not out yet:
 * apart from each other and in order. It hears of occurrences in the order of their ends.
 */
final class HiddenRuns {

    private static final int START = 0;
    private static final int END = 1;

    /** The end of the first of the occurrences that begin where the run does. */
    private static final int FIRST_END = 2;

    /** Which occurrence that is. */
    private static final int LABEL = 3;

    private static final int FIELDS = 4;

    private long[] runs = new long[16 * FIELDS];
    private int from;
    private int to;

    /** Hides from {@code start} to before {@code end}, together with the runs that this touches. */
    void add(long start, long end, int label) {
        long runStart = start;
        long firstEnd = end;
        long runLabel = label;
        while (to > from && runs[to - FIELDS + END] >= start) {
            to -= FIELDS;
            if (runs[to + START] <= runStart) {
                runStart = runs[to + START];
                firstEnd = runs[to + FIRST_END];
                runLabel = runs[to + LABEL];
            }
        }
        makeRoom();
        runs[to + START] = runStart;
        runs[to + END] = end;
        runs[to + FIRST_END] = firstEnd;
        runs[to + LABEL] = runLabel;
        to += FIELDS;
    }

    /** Takes over the first run of another list, which begins no sooner than those it has. */
    void takeFirstOf(HiddenRuns other) {
        int last = to - FIELDS;
        if (!isEmpty() && runs[last + END] >= other.start()) {
            runs[last + END] = Math.max(runs[last + END], other.end());
        } else {
            makeRoom();
            System.arraycopy(other.runs, other.from, runs, to, FIELDS);
            to += FIELDS;
        }
        other.removeFirst();
    }

    boolean isEmpty() {
        return from == to;
    }

    /** Whether the first run begins before another one's first, and with the shorter occurrence. */
    boolean precedes(HiddenRuns other) {
        if (isEmpty() || other.isEmpty()) {
            return !isEmpty();
        }
        long difference = start() - other.start();
        return difference < 0
                || (difference == 0
                        && runs[from + FIRST_END] <= other.runs[other.from + FIRST_END]);
    }

    /** The first run's first byte. */
    long start() {
        return runs[from + START];
    }

    /** The position behind the first run's last byte. */
    long end() {
        return runs[from + END];
    }

    /** What the occurrence counts as that the first run begins with. */
    int label() {
        return (int) runs[from + LABEL];
    }

    void removeFirst() {
        from += FIELDS;
    }

    private void clear() {
        from = 0;
        to = 0;
    }

    private void makeRoom() {
        if (from == to) {
            clear();
        } else if (to == runs.length) {
            int used = to - from;
            long[] target = used > runs.length / 2 ? new long[2 * runs.length] : runs;
            System.arraycopy(runs, from, target, 0, used);
            runs = target;
            from = 0;
            to = used;
        }
    }
}
