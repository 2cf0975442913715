package dev.mayfly.logs;

import java.util.Arrays;

/**
 * Walks over one stream and reports what tokens of known shapes it holds, in time linear in its
 * bytes.
 *
 * <p>While nothing has begun it jumps over what the {@link PrefixFilter} clears. Otherwise it takes
 * one step of the automaton for each byte. What begins is dropped at once if the next few bytes
 * show that it is none: so are nearly all. The others are looked at only when a run of bytes that
 * one of them is in ends, or when one of them has enough bytes.
 */
final class TokenScanner {

    /** To jump over fewer bytes costs more than to take them; and where it was few, more follow. */
    private static final int WORTHWHILE = 8;

    /** How many bytes behind a prefix are tried at once. */
    private static final int LOOKAHEAD = 16;

    private static final long NEVER = Long.MAX_VALUE;

    // What the next few bytes make of a beginning, when they do not refute it.
    private static final int TOKEN = -1;
    private static final int UNDECIDED = -2;

    private final TokenShapes shapes;
    private final PrefixAutomaton automaton;
    private final long[] classesOf;
    private final Listener listener;

    private long position;
    private int state;

    /** Those that have got as far as a step, by the step's number. */
    private final Candidates[] candidates;

    /** The steps that have any, one bit each. */
    private final long[] waiting;

    /** The steps of which a token is known whose run is hidden as it goes on, one bit each. */
    private final long[] hiding;

    /** Since and up to where it is, by the step's number. */
    private final long[] hidingSince;

    private final long[] hidingUpTo;

    /** At least the classes of those that wait or hide: the next byte may end their runs. */
    private long live;

    /** No decision that needs no run to end falls before this position. */
    private long due = NEVER;

    // By the shape's number.
    private final long[] hiddenTo;
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
        this.classesOf = shapes.classesOf();
        this.listener = listener;
        this.state = automaton.start();
        int steps = shapes.steps();
        candidates = new Candidates[steps];
        Arrays.setAll(candidates, _ -> new Candidates());
        waiting = new long[shapes.words()];
        hiding = new long[shapes.words()];
        hidingSince = new long[steps];
        hidingUpTo = new long[steps];
        hiddenTo = new long[shapes.shapes().size()];
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
            int until = i;
            if (live == 0 && prefixes.idle(s)) {
                int cleared = filter.clearedTo(bytes, from, i, to);
                int jumped = cleared - i;
                if (cleared > i) {
                    s = prefixes.idleAfter(bytes[cleared - 1]);
                    i = cleared;
                }
                until = Math.min(to, i + (jumped < WORTHWHILE ? WORTHWHILE : PrefixFilter.STRIDE));
            }
            int first = i;
            long[] goingOn = classesOf;
            long compared = live;
            int decision = nextDecision(from, to);
            while (i < decision && (i < until || compared != 0 || !prefixes.idle(s))) {
                byte b = bytes[i];
                if ((compared & ~goingOn[b & 0xFF]) != 0) {
                    endRuns(base + i, b);
                    compared = live;
                    decision = nextDecision(from, to);
                }
                s = prefixes.next(s, b);
                i++;
                if (prefixes.finds(s)) {
                    begin(prefixes.found(s), base + i, bytes, i, to);
                    compared = live;
                    decision = nextDecision(from, to);
                }
            }
            work += i - first;
            if (base + i >= due) {
                decide(base + i);
            }
        }
        position = base + to;
        state = s;
        reportHiding();
    }

    /** How far the next bytes go before a decision falls. */
    private int nextDecision(int from, int to) {
        return from + (int) Math.min(to - from, due - position);
    }

    /**
     * The first byte that may still have to be hidden; the position behind the last if none may.
     */
    long openFrom() {
        long open = position - automaton.open(state);
        for (int word = 0; word < waiting.length; word++) {
            for (long bits = waiting[word]; bits != 0; bits &= bits - 1) {
                Candidates of = inTime(stepOf(word, bits), position);
                if (!of.isEmpty() && of.hideFrom() != Candidates.UNKNOWN) {
                    open = Math.min(open, of.hideFrom());
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
        Arrays.fill(hiding, 0);
        live = 0;
        due = NEVER;
        state = automaton.start();
    }

    /**
     * How often each shape was found. Of tokens of one shape that overlap only the first is
     * counted.
     */
    long[] hits() {
        return hits.clone();
    }

    /** Bytes and candidates looked at up to now, the measure of the work done. */
    long work() {
        return work;
    }

    private void begin(int[] found, long at, byte[] bytes, int next, int to) {
        int decision = TOKEN;
        for (int i = 0; i < found.length; i += 2) {
            int shape = found[i];
            if (decision >= 0
                    && found[i - 2] == shape - 1
                    && shapes.refutedTogether(shape, decision)) {
                continue;
            }
            long hideFrom = shapes.prefixShown(shape) ? Candidates.UNKNOWN : at - found[i + 1];
            decision =
                    isPending(shape)
                            ? UNDECIDED
                            : decideAtOnce(shape, hideFrom, at, bytes, next, to);
            if (decision == UNDECIDED) {
                enter(shapes.step(shapes.firstStep(shape)), at, hideFrom, Candidates.UNKNOWN);
            }
        }
    }

    /** Whether a token of the shape has begun and not ended. */
    private boolean isPending(int shape) {
        long[] steps = shapes.stepsOfShape(shape);
        long pending = 0;
        for (int word = 0; word < steps.length; word++) {
            pending |= steps[word] & (waiting[word] | hiding[word]);
        }
        return pending != 0;
    }

    /**
     * Decides by the next few bytes, if they are at hand, what has begun.
     *
     * @return the part that there are not enough bytes for, from 0 on, or {@link #TOKEN}, or {@link
     *     #UNDECIDED}
     */
    private int decideAtOnce(
            int shape, long hideFromPrefix, long at, byte[] bytes, int from, int to) {
        int end = Math.min(to, from + LOOKAHEAD);
        long base = at - from;
        long hideFrom = hideFromPrefix;
        long hideTo = Candidates.UNKNOWN;
        int i = from;
        int firstStep = shapes.firstStep(shape);
        for (int number = firstStep; ; number++) {
            TokenShapes.Step step = shapes.step(number);
            if (begins(step, hideFrom)) {
                hideFrom = base + i;
            } else if (ends(step, hideFrom, hideTo)) {
                hideTo = base + i;
            }
            int first = i;
            int stop = i + Math.min(end - i, step.most());
            long bit = step.classBit();
            while (i < stop && (classesOf[bytes[i] & 0xFF] & bit) != 0) {
                i++;
            }
            work += i - first;
            if (i == end && i - first < step.most()) {
                return UNDECIDED;
            }
            if (i - first < step.least()) {
                return number - firstStep;
            }
            if (step.last()) {
                count(shape, hideFrom);
                hide(shape, hideFrom, hideTo == Candidates.UNKNOWN ? base + i : hideTo);
                return TOKEN;
            }
        }
    }

    /** Whether what is hidden begins with a step. */
    private static boolean begins(TokenShapes.Step step, long hideFrom) {
        return !step.shown() && hideFrom == Candidates.UNKNOWN;
    }

    /** Whether what is hidden ends before a step. */
    private static boolean ends(TokenShapes.Step step, long hideFrom, long hideTo) {
        return step.shown() && hideFrom != Candidates.UNKNOWN && hideTo == Candidates.UNKNOWN;
    }

    private void enter(TokenShapes.Step step, long at, long hideFrom, long hideTo) {
        work++;
        Candidates before = inTime(step.number(), at);
        // Behind the first one of a run, others hide nothing that it does not.
        if (step.endless() && (!before.isEmpty() || isHiding(step))) {
            return;
        }
        before.add(
                at,
                begins(step, hideFrom) ? at : hideFrom,
                ends(step, hideFrom, hideTo) ? at : hideTo);
        waiting[step.number() / Long.SIZE] |= 1L << step.number();
        live |= step.classBit();
        if (step.timed()) {
            due = Math.min(due, at + step.enough());
        }
    }

    /** Without those that cannot leave their part any more, because it has gone on for too long. */
    private Candidates inTime(int number, long at) {
        Candidates of = candidates[number];
        while (!of.isEmpty() && at - of.entered() > shapes.step(number).most()) {
            of.removeFirst();
        }
        return of;
    }

    /** No run of bytes of a class goes on over a byte that does not belong to the class. */
    private void endRuns(long at, byte b) {
        long goingOn = classesOf[b & 0xFF];
        // Those that enter their next part here may have to leave it at once.
        for (long ended = live & ~goingOn; ended != 0; ended = live & ~goingOn) {
            live &= ~ended;
            for (long bits = ended; bits != 0; bits &= bits - 1) {
                endRun(Long.numberOfTrailingZeros(bits), at, goingOn);
            }
        }
    }

    private void endRun(int run, long at, long goingOn) {
        long[] steps = shapes.stepsOfClass(run);
        for (int word = 0; word < steps.length; word++) {
            for (long bits = hiding[word] & steps[word]; bits != 0; bits &= bits - 1) {
                stopHiding(shapes.step(stepOf(word, bits)), at);
            }
            long leaving = waiting[word] & steps[word];
            waiting[word] &= ~leaving;
            for (long bits = leaving; bits != 0; bits &= bits - 1) {
                leave(stepOf(word, bits), at, goingOn);
            }
        }
    }

    private void leave(int number, long at, long goingOn) {
        Candidates leaving = inTime(number, at);
        TokenShapes.Step step = shapes.step(number);
        if (step.last()) {
            leaving.clear();
            return;
        }
        TokenShapes.Step next = shapes.step(number + 1);
        if (next.least() > 0 && (next.classBit() & goingOn) == 0) {
            leaving.clear();
            return;
        }
        while (!leaving.isEmpty()) {
            work++;
            if (at - leaving.entered() >= step.least()) {
                enter(next, at, leaving.hideFrom(), leaving.hideTo());
            }
            leaving.removeFirst();
        }
    }

    /** Lets those go on, or be tokens, that have as many bytes as their part takes or needs. */
    private void decide(long at) {
        due = NEVER;
        for (int word = 0; word < waiting.length; word++) {
            for (long bits = waiting[word] & shapes.timed()[word]; bits != 0; bits &= bits - 1) {
                decide(shapes.step(stepOf(word, bits)), at);
            }
        }
        for (int word = 0; word < hiding.length; word++) {
            for (long bits = hiding[word]; bits != 0; bits &= bits - 1) {
                int number = stepOf(word, bits);
                if (hidingUpTo[number] <= at) {
                    stopHiding(shapes.step(number), at);
                } else {
                    due = Math.min(due, hidingUpTo[number]);
                }
            }
        }
    }

    private void decide(TokenShapes.Step step, long at) {
        Candidates decided = candidates[step.number()];
        work++;
        while (!decided.isEmpty() && decided.entered() + step.enough() <= at) {
            work++;
            if (step.last()) {
                found(step, decided, at);
            } else {
                enter(shapes.step(step.number() + 1), at, decided.hideFrom(), decided.hideTo());
            }
            decided.removeFirst();
        }
        if (decided.isEmpty()) {
            waiting[step.number() / Long.SIZE] &= ~(1L << step.number());
        } else {
            due = Math.min(due, decided.entered() + step.enough());
        }
    }

    private void found(TokenShapes.Step step, Candidates token, long at) {
        if (!isHiding(step)) {
            count(step.shape(), token.hideFrom());
        }
        if (step.shown()) {
            hide(step.shape(), token.hideFrom(), token.hideTo());
            return;
        }
        hide(step.shape(), token.hideFrom(), at);
        if (step.most() > step.least()) {
            if (!isHiding(step)) {
                hidingSince[step.number()] = at;
            }
            hidingUpTo[step.number()] = step.endless() ? NEVER : token.entered() + step.most();
            hiding[step.number() / Long.SIZE] |= 1L << step.number();
            live |= step.classBit();
            due = Math.min(due, hidingUpTo[step.number()]);
        }
    }

    private boolean isHiding(TokenShapes.Step step) {
        return (hiding[step.number() / Long.SIZE] & 1L << step.number()) != 0;
    }

    private void stopHiding(TokenShapes.Step step, long at) {
        hide(step.shape(), hidingSince[step.number()], at);
        hiding[step.number() / Long.SIZE] &= ~(1L << step.number());
    }

    private void reportHiding() {
        for (int word = 0; word < hiding.length; word++) {
            for (long bits = hiding[word]; bits != 0; bits &= bits - 1) {
                int number = stepOf(word, bits);
                hide(shapes.step(number).shape(), hidingSince[number], position);
                hidingSince[number] = position;
            }
        }
    }

    private void count(int shape, long hideFrom) {
        if (hideFrom >= hiddenTo[shape]) {
            hits[shape]++;
        }
    }

    private void hide(int shape, long start, long end) {
        hiddenTo[shape] = Math.max(hiddenTo[shape], end);
        if (start < end) {
            listener.hide(start, end);
        }
    }

    private static int stepOf(int word, long bits) {
        return word * Long.SIZE + Long.numberOfTrailingZeros(bits);
    }
}
