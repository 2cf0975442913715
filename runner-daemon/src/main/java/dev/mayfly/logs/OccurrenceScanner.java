package dev.mayfly.logs;

/**
 * Walks over one stream and reports where patterns occur in it, in time linear in its bytes.
 *
 * <p>While less than a stride of bytes is open, it jumps over what the {@link BlockFilter} clears;
 * otherwise, and behind a known block, it follows the automaton. No byte is stepped over twice, so
 * no input makes it slower than the automaton alone by more than the probes, one for a byte.
 */
final class OccurrenceScanner {

    private SecretPatterns patterns;
    private int state = SecretPatterns.ROOT;
    private long steps;

    /** Hears of occurrences, in the order of their ends. */
    @FunctionalInterface
    interface Listener {
        /**
         * The longest pattern that ends here.
         *
         * @param pattern its number in the {@link SecretPatterns}
         * @param end the index behind its last byte, in the array that was scanned; it may have
         *     started in an earlier one
         */
        void occurred(int pattern, int end);
    }

    OccurrenceScanner(SecretPatterns patterns) {
        this.patterns = patterns;
    }

    /** Forgets what has begun, and looks for these from the next byte on. */
    void restart(SecretPatterns now) {
        patterns = now;
        state = SecretPatterns.ROOT;
    }

    SecretPatterns patterns() {
        return patterns;
    }

    /** How many of the last bytes may still become part of an occurrence. */
    int open() {
        return patterns.open(state);
    }

    /** Transitions taken and tried up to now, the measure of the work done. */
    long steps() {
        return steps;
    }

    void scan(byte[] bytes, int from, int to, Listener listener) {
        SecretPatterns p = patterns;
        BlockFilter filter = p.filter();
        int stride = filter.stride();
        int shallow = p.shallowStates();
        int s = state;
        int i = from;
        while (i < to) {
            int until = i + 1;
            if (s < shallow) {
                int probe = i - p.open(s) + stride - 1;
                while (probe + BlockFilter.BLOCK <= to && !filter.knows(bytes, probe)) {
                    i = probe + 1;
                    s = SecretPatterns.ROOT;
                    probe += stride;
                }
                until = probe + BlockFilter.BLOCK <= to ? probe + 1 : to;
            }
            while (i < until || (i < to && s >= shallow)) {
                s = step(p, s, bytes[i++]);
                int pattern = p.ending(s);
                if (pattern >= 0) {
                    listener.occurred(pattern, i);
                }
            }
        }
        state = s;
    }

    private int step(SecretPatterns p, int from, byte b) {
        int s = from;
        while (s != SecretPatterns.ROOT) {
            steps++;
            int child = p.child(s, b);
            if (child != SecretPatterns.ROOT) {
                return child;
            }
            s = p.fallback(s);
        }
        steps++;
        return p.fromRoot(b);
    }
}
