package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The textbook's automaton, for comparison: sorted edges searched by halving, failure links, a full
 * table for the root only. Every byte takes at least one step. It only counts where patterns end:
 * it hides nothing, holds nothing back, and sees through nothing.
 */
final class SparseAhoCorasick {

    private static final int ROOT = 0;

    /**
     * The children of state {@code s} are the states from {@code first[s]} to {@code first[s+1]}.
     */
    private final int[] first;

    private final byte[] label;
    private final int[] failure;
    private final boolean[] ends;
    private final int[] ofRoot = new int[256];
    private int state = ROOT;
    private long found;

    SparseAhoCorasick(List<byte[]> patterns) {
        byte[][] sorted = patterns.toArray(byte[][]::new);
        Arrays.sort(sorted, Arrays::compareUnsigned);
        int most = 1;
        for (byte[] pattern : sorted) {
            most += pattern.length;
        }
        int[] firstChild = new int[most + 1];
        byte[] labels = new byte[most];
        int[] failures = new int[most];
        boolean[] ending = new boolean[most];
        // Breadth first, so the children of a state follow one another; each has its patterns'
        // range.
        List<int[]> ranges = new ArrayList<>();
        ranges.add(new int[] {0, sorted.length, 0});
        for (int s = 0; s < ranges.size(); s++) {
            int[] range = ranges.get(s);
            int depth = range[2];
            firstChild[s] = ranges.size();
            int from = range[0];
            while (from < range[1] && sorted[from].length == depth) {
                from++;
            }
            while (from < range[1]) {
                byte b = sorted[from][depth];
                int to = from + 1;
                while (to < range[1] && sorted[to][depth] == b) {
                    to++;
                }
                int child = ranges.size();
                labels[child] = b;
                ending[child] = sorted[from].length == depth + 1;
                ranges.add(new int[] {from, to, depth + 1});
                from = to;
            }
        }
        int states = ranges.size();
        firstChild[states] = states;
        first = Arrays.copyOf(firstChild, states + 1);
        label = Arrays.copyOf(labels, states);
        failure = failures;
        ends = ending;
        for (int child = first[ROOT]; child < first[ROOT + 1]; child++) {
            ofRoot[label[child] & 0xFF] = child;
        }
        for (int s = 0; s < states; s++) {
            for (int child = first[s]; child < first[s + 1]; child++) {
                failure[child] = s == ROOT ? ROOT : next(failure[s], label[child]);
                ends[child] |= ends[failure[child]];
            }
        }
    }

    /** Goes on with the stream. */
    void take(byte[] bytes, int offset, int length) {
        int s = state;
        for (int i = offset; i < offset + length; i++) {
            s = next(s, bytes[i]);
            if (ends[s]) {
                found++;
            }
        }
        state = s;
    }

    /** Places where patterns have ended. */
    long found() {
        return found;
    }

    private int next(int from, byte b) {
        int s = from;
        while (s != ROOT) {
            int child = child(s, b);
            if (child != ROOT) {
                return child;
            }
            s = failure[s];
        }
        return ofRoot[b & 0xFF];
    }

    private int child(int s, byte b) {
        int low = first[s];
        int high = first[s + 1] - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int difference = Byte.compareUnsigned(label[middle], b);
            if (difference == 0) {
                return middle;
            }
            if (difference < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return ROOT;
    }
}
