package dev.mayfly.logs;

import java.util.Arrays;

/**
 * Walks over one stream and reports what tokens of known shapes it holds, in time linear in its
 * bytes.
 *
 * <p>While nothing has begun it jumps over what the {@link PrefixFilter} clears. Otherwise it takes
 * one step of the automaton for each byte, and looks at those that may become tokens only when a
 * run of bytes that one of them is in ends, or when one of them has enough bytes.
 */
final class TokenScanner {

    private static final long NEVER = Long.MAX_VALUE;

    private final TokenShapes shapes;
    private final PrefixAutomaton automaton;
    private final Listener listener;

    private long position;
    private int state;

    /** Those that have got as far as a step, by the step's number. */
    private final Candidates[] candidates;

    /** The steps that have any, one bit each. */
    private final long[] waiting;

    /** The classes that the next byte's is compared with: of waiting steps, and of hidden runs. */
    private long live;

    /** The classes whose run is hidden as long as it goes on, since and up to these positions. */
    private long hiding;

    private final long[] hidingSince;
    private final long[] hidingUpTo;

    /** Where the first decision falls that needs no run to end. */
    private long due = NEVER;

    private long hiddenTo;
    private final long[] hits;
    private long work;

    /** Hears what is to be hidden. */
    @FunctionalInterface
    interface Listener {
        /**
         * A piece of the stream that belongs to a token, possibly not all of it.
         *
         * @param start its first byte's position in the stream, not before {@link #openFrom()}
         * @param end the position behind its last byte
         */
        void hide(long start, long end);
    }

    TokenScanner(TokenShapes shapes, Listener listener) {
        this.shapes = shapes;
        this.automaton = shapes.automaton();
        this.listener = listener;
        this.state = automaton.start();
        int steps = shapes.steps();
        candidates = new Candidates[steps];
        Arrays.setAll(candidates, _ -> new Candidates());
        waiting = new long[(steps + Long.SIZE - 1) / Long.SIZE];
        hidingSince = new long[shapes.classes()];
        hidingUpTo = new long[shapes.classes()];
        hits = new long[shapes.shapes().size()];
    }

    /** Takes the next bytes of the stream. All that is certain by then is reported on return. */
    void scan(byte[] bytes, int from, int to) {
        PrefixAutomaton prefixes = automaton;
        PrefixFilter filter = shapes.filter();
        long base = position - from;
        int s = state;
        int i = from;
        while (i < to) {
            if (live == 0 && prefixes.idle(s)) {
                int cleared = filter.clearedTo(bytes, from, i, to);
                if (cleared > i) {
                    s = prefixes.idleAfter(bytes[cleared - 1]);
                    i = cleared;
                }
            }
            int first = i;
            int until = Math.min(to, i + PrefixFilter.STRIDE);
            while (i < until || (i < to && (live != 0 || !prefixes.idle(s)))) {
                byte b = bytes[i];
                if ((live & ~shapes.classesOf(b)) != 0) {
                    endRuns(base + i, b);
                }
                s = prefixes.next(s, b);
                i++;
                if (PrefixAutomaton.finds(s)) {
                    begin(prefixes.found(s), base + i);
                }
                if (base + i >= due) {
                    decide(base + i);
                }
            }
            work += i - first;
        }
        position = base + to;
        state = s;
        reportHiding();
    }

    /**
     * The first byte that may still have to be hidden; the position behind the last if none may.
     */
    long openFrom() {
        long open = position - automaton.open(state);
        for (int word = 0; word < waiting.length; word++) {
            for (long bits = waiting[word]; bits != 0; bits &= bits - 1) {
                long from = candidates[stepOf(word, bits)].hideFrom();
                if (from != Candidates.UNKNOWN) {
                    open = Math.min(open, from);
                }
            }
        }
        return open;
    }

    /** Ends the stream, and with it all that has begun; the next byte begins another one. */
    void restart() {
        for (Candidates each : candidates) {
            each.clear();
        }
        Arrays.fill(waiting, 0);
        live = 0;
        hiding = 0;
        due = NEVER;
        state = automaton.start();
    }

    /**
     * How often each shape was found. Of tokens that overlap only the one known first is counted.
     */
    long[] hits() {
        return hits.clone();
    }

    /** Bytes and candidates looked at up to now, the measure of the work done. */
    long work() {
        return work;
    }

    private void begin(int[] found, long at) {
        for (int i = 0; i < found.length; i += 2) {
            int step = shapes.firstStep(found[i]);
            boolean shown = shapes.prefixShown(found[i]);
            enter(step, at, shown ? Candidates.UNKNOWN : at - found[i + 1], Candidates.UNKNOWN);
        }
    }

    private void enter(int step, long at, long hideFrom, long hideTo) {
        boolean shown = shapes.part(step).shown();
        boolean begins = !shown && hideFrom == Candidates.UNKNOWN;
        boolean ends = shown && hideFrom != Candidates.UNKNOWN && hideTo == Candidates.UNKNOWN;
        candidates[step].add(at, begins ? at : hideFrom, ends ? at : hideTo);
        waiting[step / Long.SIZE] |= 1L << step;
        live |= shapes.classBit(step);
        due = Math.min(due, at + shapes.enough(step));
        work++;
    }

    /** No run of bytes of a class goes on over a byte that does not belong to the class. */
    private void endRuns(long at, byte b) {
        // Those that enter their next part here may have to leave it at once.
        for (long ended = live & ~shapes.classesOf(b);
                ended != 0;
                ended = live & ~shapes.classesOf(b)) {
            for (long bits = hiding & ended; bits != 0; bits &= bits - 1) {
                hide(hidingSince[Long.numberOfTrailingZeros(bits)], at);
            }
            hiding &= ~ended;
            beginReview();
            for (int word = 0; word < waiting.length; word++) {
                for (long bits = waiting[word]; bits != 0; bits &= bits - 1) {
                    int step = stepOf(word, bits);
                    if ((shapes.classBit(step) & ended) != 0) {
                        leave(step, at);
                    }
                    review(step);
                }
            }
        }
    }

    private void leave(int step, long at) {
        Candidates leaving = candidates[step];
        int least = shapes.part(step).least();
        boolean last = shapes.last(step);
        while (!leaving.isEmpty()) {
            work++;
            if (!last && at - leaving.entered() >= least) {
                enter(step + 1, at, leaving.hideFrom(), leaving.hideTo());
            }
            leaving.removeFirst();
        }
    }

    /** Lets those go on, or be tokens, that have as many bytes as their part takes or needs. */
    private void decide(long at) {
        beginReview();
        for (int word = 0; word < waiting.length; word++) {
            for (long bits = waiting[word]; bits != 0; bits &= bits - 1) {
                int step = stepOf(word, bits);
                decide(step, at);
                review(step);
            }
        }
        for (long bits = hiding; bits != 0; bits &= bits - 1) {
            int run = Long.numberOfTrailingZeros(bits);
            if (hidingUpTo[run] <= at) {
                hide(hidingSince[run], at);
                hiding &= ~(1L << run);
            }
        }
        live |= hiding;
        reviewHiding();
    }

    private void decide(int step, long at) {
        Candidates decided = candidates[step];
        int enough = shapes.enough(step);
        boolean last = shapes.last(step);
        while (!decided.isEmpty() && decided.entered() + enough <= at) {
            work++;
            if (last) {
                found(step, decided, at);
            } else {
                enter(step + 1, at, decided.hideFrom(), decided.hideTo());
            }
            decided.removeFirst();
        }
    }

    private void found(int step, Candidates token, long at) {
        if (token.hideFrom() >= (hiding == 0 ? hiddenTo : at)) {
            hits[shapes.shapeOf(step)]++;
        }
        TokenShape.Part part = shapes.part(step);
        if (part.shown()) {
            hide(token.hideFrom(), token.hideTo());
            return;
        }
        hide(token.hideFrom(), at);
        if (part.most() > part.least()) {
            long bit = shapes.classBit(step);
            int run = Long.numberOfTrailingZeros(bit);
            long upTo =
                    part.most() == TokenShape.Part.UNBOUNDED
                            ? NEVER
                            : token.entered() + part.most();
            boolean more = (hiding & bit) != 0;
            hidingSince[run] = more ? hidingSince[run] : at;
            hidingUpTo[run] = more ? Math.max(hidingUpTo[run], upTo) : upTo;
            hiding |= bit;
        }
    }

    // What the next bytes are compared with is found anew whenever something has ended.

    private void beginReview() {
        live = hiding;
        due = NEVER;
        reviewHiding();
    }

    private void reviewHiding() {
        for (long bits = hiding; bits != 0; bits &= bits - 1) {
            due = Math.min(due, hidingUpTo[Long.numberOfTrailingZeros(bits)]);
        }
    }

    private void review(int step) {
        work++;
        if (candidates[step].isEmpty()) {
            waiting[step / Long.SIZE] &= ~(1L << step);
        } else {
            live |= shapes.classBit(step);
            due = Math.min(due, candidates[step].entered() + shapes.enough(step));
        }
    }

    private void hide(long start, long end) {
        hiddenTo = Math.max(hiddenTo, end);
        if (start < end) {
            listener.hide(start, end);
        }
    }

    private void reportHiding() {
        for (long bits = hiding; bits != 0; bits &= bits - 1) {
            int run = Long.numberOfTrailingZeros(bits);
            hide(hidingSince[run], position);
            hidingSince[run] = position;
        }
    }

    private static int stepOf(int word, long bits) {
        return word * Long.SIZE + Long.numberOfTrailingZeros(bits);
    }
}
