package dev.mayfly.logs;

import java.util.Arrays;
import java.util.List;

/**
 * Many patterns as one automaton (Aho-Corasick) over bytes. Immutable, so streams and threads share
 * it; what is known of one stream is in its {@link OccurrenceScanner}.
 *
 * <p>States are numbered breadth first. So the children of a state are neighbours, in the order of
 * their bytes, and a state's number tells roughly how deep it is.
 */
final class Automaton {

    static final int ROOT = 0;

    /** Children up to this many are tried one after the other, more by halving. */
    private static final int FEW = 4;

    private final BlockFilter filter;

    /** The state's first child; its last one is before the next state's first. */
    private final int[] firstChild;

    /** The byte that leads to the state. */
    private final byte[] label;

    /** The longest other state that the text before also ends in. */
    private final int[] fallback;

    /** How many bytes before may still become part of an occurrence. */
    private final int[] open;

    /** The longest pattern that ends in the state, plus one; 0 for none. */
    private final int[] ending;

    private final int[] fromRoot = new int[256];
    private final int[] length;
    private final int[] labelOf;
    private final int shallowStates;

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
        for (int i = 0; i < sorted.length; i++) {
            length[i] = sorted[i].bytes().length;
            labelOf[i] = sorted[i].label();
        }
        int states = countStates(sorted);
        firstChild = new int[states + 1];
        label = new byte[states];
        fallback = new int[states];
        open = new int[states];
        ending = new int[states];
        shallowStates = build(sorted);
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

    /** One for the root, and one for each byte that does not only repeat the pattern before. */
    private static int countStates(Entry[] sorted) {
        int states = 1;
        byte[] before = {};
        for (Entry pattern : sorted) {
            byte[] bytes = pattern.bytes();
            int differs = Arrays.mismatch(before, bytes);
            states = Math.addExact(states, bytes.length - differs);
            before = bytes;
        }
        return states;
    }

    /**
     * Fills the tables level by level. A state stands for a range of the sorted patterns, all with
     * the same beginning; each distinct next byte in the range is a child.
     *
     * @return the number of states that are less deep than the filter's stride
     */
    private int build(Entry[] sorted) {
        int states = label.length;
        int[] rangeStart = new int[states];
        int[] rangeEnd = new int[states];
        rangeEnd[ROOT] = sorted.length;
        int depth = 0;
        int levelEnd = 1;
        int shallow = filter.stride() > 0 ? 1 : 0;
        int next = 1;
        for (int state = ROOT; state < states; state++) {
            if (state == levelEnd) {
                depth++;
                levelEnd = next;
                if (depth < filter.stride()) {
                    shallow = levelEnd;
                }
            }
            int from = rangeStart[state];
            int to = rangeEnd[state];
            if (from < to && length[from] == depth) {
                from++; // the shortest sorts first: the pattern that ends here
            }
            firstChild[state] = next;
            while (from < to) {
                byte b = sorted[from].bytes()[depth];
                int same = from + 1;
                while (same < to && sorted[same].bytes()[depth] == b) {
                    same++;
                }
                rangeStart[next] = from;
                rangeEnd[next] = same;
                label[next] = b;
                // A fallback is less deep, so all its children have been made by now.
                fallback[next] = state == ROOT ? ROOT : next(fallback[state], b);
                ending[next] = length[from] == depth + 1 ? from + 1 : ending[fallback[next]];
                if (state == ROOT) {
                    fromRoot[b & 0xFF] = next;
                }
                next++;
                from = same;
            }
            firstChild[state + 1] = next;
            open[state] = firstChild[state] < next ? depth : open[fallback[state]];
        }
        return shallow;
    }

    /** The state after one more byte. */
    int next(int state, byte b) {
        int s = state;
        while (s != ROOT) {
            int child = child(s, b);
            if (child != ROOT) {
                return child;
            }
            s = fallback[s];
        }
        return fromRoot[b & 0xFF];
    }

    /** The child for a byte, or {@link #ROOT}, which is nobody's child. */
    int child(int state, byte b) {
        int from = firstChild[state];
        int to = firstChild[state + 1];
        while (to - from > FEW) {
            int middle = (from + to) >>> 1;
            if (Byte.compareUnsigned(label[middle], b) <= 0) {
                from = middle;
            } else {
                to = middle;
            }
        }
        for (int child = from; child < to; child++) {
            if (label[child] == b) {
                return child;
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
        return fallback[state];
    }

    /** How many of the bytes up to now may still become part of an occurrence. */
    int open(int state) {
        return open[state];
    }

    /** The longest pattern that has just ended, or -1. The shorter ones are inside it. */
    int ending(int state) {
        return ending[state] - 1;
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

    BlockFilter filter() {
        return filter;
    }

    /** States with smaller numbers have fewer bytes open than the filter's stride. */
    int shallowStates() {
        return shallowStates;
    }

    int states() {
        return label.length;
    }

    @Override
    public String toString() {
        return "Automaton[patterns=" + length.length + ", states=" + label.length + "]";
    }
}
