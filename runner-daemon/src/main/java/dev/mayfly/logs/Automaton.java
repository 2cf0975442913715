package dev.mayfly.logs;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Many patterns as one automaton (Aho-Corasick) over bytes. Immutable, so streams and threads share
 * it; what is known of one stream is in its {@link OccurrenceScanner}.
 *
 * <p>States are numbered in the order of the sorted patterns, each pattern's one behind the other.
 * So nearly all states have their only child next to them, and to follow a pattern is to read on in
 * memory, which matters more than anything else for the worst inputs (measured).
 */
final class Automaton {

    static final int ROOT = 0;

    // What is known of a state stands together.
    private static final int FIELDS_LOG2 = 2;

    /** The longest other state that the text before also ends in. */
    private static final int FALLBACK = 0;

    /** How many bytes before may still become part of an occurrence. */
    private static final int OPEN = 1;

    /** The longest pattern that ends in the state, plus one; 0 for none. */
    private static final int ENDING = 2;

    /** {@link #NONE}, {@link #ONE}, or the number of a fork plus {@link #FORKS}. */
    private static final int CHILDREN = 3;

    private static final int NONE = 0;
    private static final int ONE = 1;
    private static final int FORKS = 2;

    /** Children up to this many are tried one after the other, more by halving. */
    private static final int FEW = 4;

    /** A fork with more children has a row for all bytes. */
    private static final int MANY = 12;

    /** Each row takes a kilobyte. */
    private static final int MOST_ROWS = 256;

    private static final int[] NO_ROW = {};

    private final BlockFilter filter;

    /** None if a pattern is so short that it may end in one. */
    private final @Nullable Beginnings beginnings;

    private final int[] states;

    /** The byte that leads to the state. */
    private final byte[] label;

    /** Where a fork's children begin; they end where the next one's begin. */
    private final int[] forkStart;

    /** Of the first forks with many children: by the byte, the child. */
    private final int[][] rows;

    private final byte[] forkLabel;
    private final int[] forkChild;
    private final int[] fromRoot = new int[256];
    private final int[] length;
    private final int[] labelOf;

    /**
     * What to look for.
     *
     * @param bytes at least one; not to be changed
     * @param label what an occurrence counts as
     */
    @SuppressWarnings("ArrayRecordComponent") // lives during construction only
    record Entry(byte[] bytes, int label) {}

    /**
     * Builds the automaton.
     *
     * @param entries of equal ones the first stays
     */
    Automaton(List<Entry> entries) {
        Entry[] sorted = sortedWithoutRepeats(entries);
        filter = new BlockFilter(sorted);
        length = new int[sorted.length];
        labelOf = new int[sorted.length];
        int[] common = new int[sorted.length];
        int count = 1;
        byte[] before = {};
        for (int i = 0; i < sorted.length; i++) {
            byte[] bytes = sorted[i].bytes();
            length[i] = bytes.length;
            labelOf[i] = sorted[i].label();
            common[i] = Arrays.mismatch(before, bytes);
            count = Math.addExact(count, bytes.length - common[i]);
            before = bytes;
        }
        states = new int[Math.multiplyExact(count, 1 << FIELDS_LOG2)];
        label = new byte[count];
        int[] first = new int[sorted.length];
        plant(sorted, common, first);
        int forks = 0;
        int forked = 0;
        for (int state = ROOT; state < count; state++) {
            int children = get(state, CHILDREN);
            if (children > 1) {
                forks++;
                forked += children;
            }
        }
        forkStart = new int[forks + 1];
        rows = new int[forks][];
        forkLabel = new byte[forked];
        forkChild = new int[forked];
        fork();
        makeRows();
        link(common, first);
        beginnings = beginnings(sorted);
    }

    private @Nullable Beginnings beginnings(Entry[] patterns) {
        Beginnings known = new Beginnings(patterns.length);
        for (Entry pattern : patterns) {
            byte[] bytes = pattern.bytes();
            if (bytes.length <= Beginnings.BYTES) {
                return null;
            }
            int state = ROOT;
            for (int i = 0; i < Beginnings.BYTES; i++) {
                state = state == ROOT ? fromRoot(bytes[i]) : child(state, bytes[i]);
            }
            known.put(bytes, state);
        }
        return known;
    }

    private static Entry[] sortedWithoutRepeats(List<Entry> entries) {
        Entry[] sorted = entries.toArray(Entry[]::new);
        Arrays.sort(sorted, (a, b) -> Arrays.compareUnsigned(a.bytes(), b.bytes()));
        int distinct = 0;
        for (Entry entry : sorted) {
            if (distinct == 0 || !Arrays.equals(sorted[distinct - 1].bytes(), entry.bytes())) {
                sorted[distinct++] = entry;
            }
        }
        return Arrays.copyOf(sorted, distinct);
    }

    /**
     * Makes the states: for each pattern those that it does not share with the one before. Until
     * {@link #link} a state has its parent as fallback, and its number of children.
     *
     * @param common how many bytes each pattern has in common with the one before
     * @param first becomes the first state of each pattern's own
     */
    private void plant(Entry[] sorted, int[] common, int[] first) {
        int[] path = {ROOT};
        int next = 1;
        for (int pattern = 0; pattern < sorted.length; pattern++) {
            byte[] bytes = sorted[pattern].bytes();
            if (path.length <= bytes.length) {
                path = Arrays.copyOf(path, Math.max(2 * path.length, bytes.length + 1));
            }
            first[pattern] = next;
            for (int depth = common[pattern]; depth < bytes.length; depth++) {
                int parent = path[depth];
                set(parent, CHILDREN, get(parent, CHILDREN) + 1);
                set(next, FALLBACK, parent);
                label[next] = bytes[depth];
                path[depth + 1] = next++;
            }
            set(path[bytes.length], ENDING, pattern + 1);
        }
    }

    /** Lists the children of states that have several, in the order of their bytes. */
    private void fork() {
        int fork = 0;
        int start = 0;
        for (int state = ROOT; state < label.length; state++) {
            int children = get(state, CHILDREN);
            if (children > 1) {
                set(state, CHILDREN, FORKS + fork);
                forkStart[fork++] = start;
                start += children;
            }
        }
        forkStart[fork] = start;
        int[] filled = forkStart.clone();
        for (int state = ROOT + 1; state < label.length; state++) {
            int parent = get(state, FALLBACK);
            int children = get(parent, CHILDREN);
            if (children >= FORKS) {
                int place = filled[children - FORKS]++;
                forkLabel[place] = label[state];
                forkChild[place] = state;
            }
            if (parent == ROOT) {
                fromRoot[label[state] & 0xFF] = state;
            }
        }
    }

    private void makeRows() {
        int made = 0;
        for (int fork = 0; fork < rows.length; fork++) {
            int from = forkStart[fork];
            int to = forkStart[fork + 1];
            rows[fork] = NO_ROW;
            if (to - from > MANY && made < MOST_ROWS) {
                int[] row = new int[256];
                for (int i = from; i < to; i++) {
                    row[forkLabel[i] & 0xFF] = forkChild[i];
                }
                rows[fork] = row;
                made++;
            }
        }
    }

    /** Finds the fallbacks, level by level: those of a level are on the levels above. */
    private void link(int[] common, int[] first) {
        int[] deep = new int[length.length];
        Arrays.setAll(deep, pattern -> pattern);
        int count = deep.length;
        for (int depth = 0; count > 0; depth++) {
            int still = 0;
            for (int i = 0; i < count; i++) {
                int pattern = deep[i];
                if (depth < length[pattern]) {
                    deep[still++] = pattern;
                    if (depth >= common[pattern]) {
                        link(first[pattern] + depth - common[pattern], depth + 1);
                    }
                }
            }
            count = still;
        }
    }

    private void link(int state, int depth) {
        int parent = get(state, FALLBACK);
        int fallback = parent == ROOT ? ROOT : next(fallback(parent), label[state]);
        set(state, FALLBACK, fallback);
        set(state, OPEN, get(state, CHILDREN) == NONE ? open(fallback) : depth);
        if (get(state, ENDING) == 0) {
            set(state, ENDING, get(fallback, ENDING));
        }
    }

    private int get(int state, int field) {
        return states[(state << FIELDS_LOG2) + field];
    }

    private void set(int state, int field, int value) {
        states[(state << FIELDS_LOG2) + field] = value;
    }

    /** The state after one more byte. */
    private int next(int state, byte b) {
        int s = state;
        while (s != ROOT) {
            int child = child(s, b);
            if (child != ROOT) {
                return child;
            }
            s = fallback(s);
        }
        return fromRoot(b);
    }

    /** The child for a byte, or {@link #ROOT}, which is nobody's child. */
    int child(int state, byte b) {
        int children = get(state, CHILDREN);
        if (children == ONE) {
            return label[state + 1] == b ? state + 1 : ROOT;
        }
        return children == NONE ? ROOT : childOfFork(children - FORKS, b);
    }

    private int childOfFork(int fork, byte b) {
        int[] row = rows[fork];
        if (row.length > 0) {
            return row[b & 0xFF];
        }
        int from = forkStart[fork];
        int to = forkStart[fork + 1];
        while (to - from > FEW) {
            int middle = (from + to) >>> 1;
            if (Byte.compareUnsigned(forkLabel[middle], b) <= 0) {
                from = middle;
            } else {
                to = middle;
            }
        }
        for (int i = from; i < to; i++) {
            if (forkLabel[i] == b) {
                return forkChild[i];
            }
        }
        return ROOT;
    }

    /** The state for a byte when nothing has begun. */
    int fromRoot(byte b) {
        return fromRoot[b & 0xFF];
    }

    /** The state to try when a state has no child for a byte. */
    int fallback(int state) {
        return get(state, FALLBACK);
    }

    /** How many of the bytes up to now may still become part of an occurrence. */
    int open(int state) {
        return get(state, OPEN);
    }

    /** The longest pattern that has just ended, or -1. The shorter ones are inside it. */
    int ending(int state) {
        return get(state, ENDING) - 1;
    }

    int length(int pattern) {
        return length[pattern];
    }

    /** What an occurrence of a pattern counts as. */
    int labelOf(int pattern) {
        return labelOf[pattern];
    }

    /** Whether there is nothing to look for. */
    boolean isEmpty() {
        return length.length == 0;
    }

    /** The first bytes of all patterns; null if they are not known. */
    @Nullable Beginnings beginnings() {
        return beginnings;
    }

    BlockFilter filter() {
        return filter;
    }

    int states() {
        return label.length;
    }

    @Override
    public String toString() {
        return "Automaton[patterns=" + length.length + ", states=" + label.length + "]";
    }
}
