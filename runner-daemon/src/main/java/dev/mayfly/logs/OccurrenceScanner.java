package dev.mayfly.logs;

/**
 * Walks over one stream and reports where patterns occur in it, in time linear in its bytes.
 *
 * <p>While less than a stride of bytes is open, it jumps over what the {@link BlockFilter} clears.
 * Where a pattern may start, the {@link Beginnings} tell whether one does, and the automaton is
 * followed from behind them as long as at least so much is open. No byte is stepped over twice but
 * the last few of a piece, so no input makes it slower than the automaton alone by more than the
 * looks at blocks and starts, a few for each byte.
 *
 * <p>The stream comes in pieces. What the filter cannot tell at a piece's end goes through the
 * automaton: usually a byte or two, since the last block tells about all before.
 */
final class OccurrenceScanner {

    private final Listener listener;
    private Automaton automaton;
    private int state = Automaton.ROOT;

    /** Behind the last byte that came. */
    private long position;

    private long steps;

    /** Hears of occurrences, in the order of their ends. */
    @FunctionalInterface
    interface Listener {
        /**
         * The longest pattern that ends here.
         *
         * @param pattern its number in the {@link Automaton}
         * @param end the position in the stream behind its last byte
         */
        void occurred(int pattern, long end);
    }

    OccurrenceScanner(Automaton automaton, Listener listener) {
        this.automaton = automaton;
        this.listener = listener;
    }

    /** Forgets what has begun, and looks for these from a position on. */
    void restart(Automaton now, long at) {
        automaton = now;
        state = Automaton.ROOT;
        position = at;
    }

    Automaton automaton() {
        return automaton;
    }

    /** Behind the last byte that came. */
    long position() {
        return position;
    }

    /** How many of the last bytes may still become part of an occurrence. */
    int open() {
        return automaton.open(state);
    }

    /**
     * Of the beginnings of patterns that are open, the longest that has fewer bytes than this.
     *
     * @return its bytes, 0 if there is none
     */
    int openBelow(int length) {
        int s = state;
        while (automaton.open(s) >= length) {
            s = automaton.fallback(s);
        }
        return automaton.open(s);
    }

    /** Transitions taken and tried up to now, the measure of the work done. */
    long steps() {
        return steps;
    }

    /** Takes the next piece of the stream. */
    void scan(byte[] bytes, int from, int to) {
        long base = position - from;
        int i = walk(bytes, from, to, base);
        if (i < to) {
            int first = i - automaton.open(state);
            int last = to - BlockFilter.BLOCK;
            if (last >= Math.max(first, from) && !automaton.filter().mayStart(bytes, last)) {
                // Nothing that begins before the last three bytes is open.
                i = automaton.filter().begun(bytes, to);
                state = Automaton.ROOT;
            }
        }
        int s = state;
        while (i < to) {
            s = step(s, bytes[i++]);
            int pattern = automaton.ending(s);
            if (pattern >= 0) {
                listener.occurred(pattern, base + i);
            }
        }
        state = s;
        position += to - from;
    }

    /**
     * Takes bytes only as long as something is open that began before a position.
     *
     * @return whether something still is at the end
     */
    boolean follow(byte[] bytes, int from, int to, long before) {
        for (int i = from; i < to; i++) {
            state = step(state, bytes[i]);
            position++;
            int pattern = automaton.ending(state);
            if (pattern >= 0) {
                listener.occurred(pattern, position);
            }
            if (position - open() >= before) {
                return false;
            }
        }
        return true;
    }

    /**
     * Goes over bytes as far as the filter can tell.
     *
     * @param base the position of the array's first byte
     * @return the index of the first byte that is left
     */
    private int walk(byte[] bytes, int from, int to, long base) {
        Automaton a = automaton;
        BlockFilter filter = a.filter();
        Beginnings beginnings = a.beginnings();
        int stride = filter.stride();
        int least = beginnings == null ? 0 : Beginnings.BYTES;
        int s = state;
        int i = from;
        while (i < to) {
            int until = i;
            int open = a.open(s);
            if (open < stride) {
                int first = i - open;
                int cleared = filter.cleared(bytes, first, to);
                if (cleared > first) {
                    i = cleared;
                    s = Automaton.ROOT;
                }
                int probe = cleared + stride - 1;
                if (probe + BlockFilter.BLOCK > to) {
                    break;
                }
                if (beginnings != null
                        && open < Beginnings.BYTES
                        && s != Automaton.ROOT
                        && first >= from
                        && first + Beginnings.BYTES <= to) {
                    // One look at eight bytes costs less than the steps.
                    i = first;
                    s = Automaton.ROOT;
                }
                if (s == Automaton.ROOT) {
                    i = filter.firstStart(bytes, i, probe + 1, to);
                    if (i > probe) {
                        continue;
                    }
                    if (beginnings != null && i + Beginnings.BYTES <= to) {
                        s = beginnings.behind(bytes, i);
                        i += s == Automaton.ROOT ? 1 : Beginnings.BYTES;
                        continue;
                    }
                }
                until = probe + 1;
            }
            do {
                s = step(s, bytes[i++]);
                int pattern = a.ending(s);
                if (pattern >= 0) {
                    listener.occurred(pattern, base + i);
                }
            } while (i < to && a.open(s) >= (i < until ? least : stride));
        }
        state = s;
        return i;
    }

    private int step(int from, byte b) {
        int s = from;
        while (s != Automaton.ROOT) {
            steps++;
            int child = automaton.child(s, b);
            if (child != Automaton.ROOT) {
                return child;
            }
            s = automaton.fallback(s);
        }
        steps++;
        return automaton.fromRoot(b);
    }
}
