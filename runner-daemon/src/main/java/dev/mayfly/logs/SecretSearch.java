package dev.mayfly.logs;

import java.util.Arrays;

/**
 * Finds where patterns occur in a stream, in three looks at it: as it is, as a terminal would show
 * it, and at what begins inside an interruption. {@link LogMasker} states what an occurrence is.
 * Nothing is kept of the stream but the places of interruptions and what is open.
 *
 * <p>For use by one thread at a time.
 */
final class SecretSearch {

    private final TerminalText terminal = new TerminalText();
    private final Interruptions interruptions = new Interruptions();
    private final OccurrenceScanner raw;
    private final OccurrenceScanner seen;
    private final OccurrenceScanner inside;
    private final HiddenRuns rawRuns = new HiddenRuns();
    private final HiddenRuns seenRuns = new HiddenRuns();
    private final HiddenRuns insideRuns = new HiddenRuns();
    private SecretPatterns patterns;

    /** Up to where bytes came. */
    private long taken;

    /** Whether something that began inside an interruption is being followed. */
    private boolean following;

    /** Where that interruption ends; unknown while it goes on. */
    private long insideTo;

    /** Whether a line end stands between the last shown byte and the next. */
    private boolean newLine;

    /** How many bytes without a blank the shown text ends with, counted up to a full line. */
    private int unbroken;

    private long[] hits;
    private long countedRaw;
    private long countedSeen;
    private long countedInside;

    SecretSearch(SecretPatterns patterns) {
        this.patterns = patterns;
        hits = new long[patterns.labels().size()];
        raw = new OccurrenceScanner(patterns.raw(), this::occurredRaw);
        seen = new OccurrenceScanner(patterns.seen(), this::occurredSeen);
        inside = new OccurrenceScanner(patterns.seen(), this::occurredInside);
    }

    SecretPatterns patterns() {
        return patterns;
    }

    /** Up to where bytes came. */
    long taken() {
        return taken;
    }

    /** Takes the next bytes of the stream. */
    void take(byte[] bytes, int from, int to) {
        long arrayStart = taken - from;
        if (!patterns.raw().isEmpty()) {
            raw.scan(bytes, from, to);
            raw.settle();
        }
        if (following && terminal.inText()) {
            follow(bytes, from, to);
        }
        int i = from;
        while (i < to) {
            int middle = i;
            if (terminal.inText()) {
                int end = TerminalText.interruptionAt(bytes, i, to);
                look(bytes, i, end);
                if (end == to) {
                    break;
                }
                interruptions.begin(arrayStart + end);
                i = end;
                middle = end + 1;
            }
            int end = terminal.textAt(bytes, i, to);
            newLine = terminal.lineEnded();
            interruptions.reach(arrayStart + end, newLine && unbroken < Interruptions.FULL_LINE);
            insideTo = terminal.inText() ? arrayStart + end : Long.MAX_VALUE;
            lookInside(bytes, middle, end, to, arrayStart);
            i = end;
        }
        seen.settle();
        taken = arrayStart + to;
    }

    /**
     * Looks for other patterns, also in the last bytes that came.
     *
     * @param patterns those of before with more added to them
     * @param bytes from its index {@code from} to before {@code to}, the last bytes of the stream,
     *     at least from {@link #kept} on
     */
    void look(SecretPatterns patterns, byte[] bytes, int from, int to) {
        this.patterns = patterns;
        hits = Arrays.copyOf(hits, patterns.labels().size());
        rawRuns.clear();
        seenRuns.clear();
        insideRuns.clear();
        long base = taken - to;
        raw.restart(patterns.raw(), base + from);
        raw.scan(bytes, from, to);
        raw.settle();
        seen.restart(patterns.seen(), interruptions.shownBefore(base + from));
        following = false;
        int i = from;
        for (int k = 0; k < interruptions.count(); k++) {
            int start = (int) Math.max(interruptions.start(k) - base, from);
            int end = (int) (interruptions.end(k) - base);
            seen.scan(bytes, i, start);
            boolean ended = k < interruptions.count() - 1 || terminal.inText();
            insideTo = ended ? interruptions.end(k) : Long.MAX_VALUE;
            int middle = (int) Math.max(interruptions.start(k) + 1 - base, from);
            lookInside(bytes, middle, end, to, base);
            i = end;
        }
        seen.scan(bytes, i, to);
        seen.settle();
    }

    /** The stream has ended, and another one begins behind it. */
    void finish() {
        raw.restart(patterns.raw(), taken);
        seen.restart(patterns.seen(), taken - interruptions.total());
        following = false;
        terminal.reset();
        interruptions.forgetAll();
        newLine = false;
        unbroken = 0;
    }

    /** The first byte that may still be hidden by what comes; what is before it is certain. */
    long open() {
        long open = taken - raw.open();
        if (following) {
            open = Math.min(open, taken - inside.open());
        }
        int length = openSeen();
        if (length == 0) {
            return open;
        }
        long first = seen.position() - length;
        return Math.min(open, interruptions.hiddenFrom(first, seen.position()));
    }

    /**
     * The first byte that belongs to what is open, and is needed if other patterns are looked for.
     * It is before {@link #open} when a few bytes do not wait at a line's end.
     */
    long kept() {
        int length = openSeen();
        return length == 0
                ? open()
                : Math.min(open(), interruptions.position(seen.position() - length));
    }

    /** The longest beginning of a pattern that the shown text ends with and that may go on. */
    private int openSeen() {
        int length = seen.open();
        while (length > 0) {
            long start = interruptions.position(seen.position() - length);
            if (taken - start - length <= Interruptions.MOST_BYTES) {
                return length;
            }
            length = seen.openBelow(length);
        }
        return 0;
    }

    /** Nothing before a position will be looked at again. */
    void forget(long position) {
        interruptions.forget(position, !terminal.inText());
    }

    /** The looks' runs of which the first comes first; empty if there is none. */
    HiddenRuns runs() {
        HiddenRuns first = seenRuns;
        if (rawRuns.precedes(first)) {
            first = rawRuns;
        }
        return insideRuns.precedes(first) ? insideRuns : first;
    }

    /**
     * How often each label of the patterns was hit. Of overlapping occurrences only the one that
     * ends first is counted, and of those the longest.
     */
    long[] hits() {
        return hits.clone();
    }

    /** Transitions of the automata up to now. */
    long steps() {
        return raw.steps() + seen.steps() + inside.steps();
    }

    /** Takes the next shown bytes. */
    private void look(byte[] bytes, int from, int to) {
        if (from < to) {
            seen.scan(bytes, from, to);
            countUnbroken(bytes, from, to);
        }
    }

    private void countUnbroken(byte[] bytes, int from, int to) {
        int count = TerminalText.unbroken(bytes, from, to, Interruptions.FULL_LINE);
        boolean goesOn = count == to - from && !newLine;
        unbroken = goesOn ? Math.min(Interruptions.FULL_LINE, unbroken + count) : count;
        newLine = false;
    }

    /**
     * Looks for what begins in the middle of an interruption and goes on as it stands there. What
     * begins with an interruption's first byte only the raw look can find.
     *
     * @param from the first byte in the middle of the interruption
     * @param end the interruption's end as far as it is known
     * @param to the end of the array
     */
    private void lookInside(byte[] bytes, int from, int end, int to, long arrayStart) {
        boolean ended = insideTo < Long.MAX_VALUE;
        if (following) {
            follow(bytes, from, ended ? to : end);
            return;
        }
        if (from >= end) {
            return;
        }
        BlockFilter filter = patterns.seen().filter();
        int first = from;
        if (filter.stride() > 0) {
            int probe = from + filter.stride() - 1;
            while (probe + BlockFilter.BLOCK <= to && !filter.knows(bytes, probe)) {
                first = probe + 1;
                if (first >= end && ended) {
                    return;
                }
                probe += filter.stride();
            }
        }
        following = true;
        inside.restart(patterns.seen(), arrayStart + first);
        follow(bytes, first, to);
    }

    private void follow(byte[] bytes, int from, int to) {
        following = inside.follow(bytes, from, to, insideTo);
    }

    private void occurredRaw(int pattern, long end) {
        long start = end - patterns.raw().length(pattern);
        int label = patterns.raw().labelOf(pattern);
        if (start >= countedRaw && label >= 0) {
            hits[label]++;
            countedRaw = end;
        }
        rawRuns.add(start, end, label < 0 ? ~label : label);
    }

    private void occurredInside(int pattern, long end) {
        long start = end - patterns.seen().length(pattern);
        if (start < insideTo) {
            int label = patterns.seen().labelOf(pattern);
            if (start >= countedInside) {
                hits[label]++;
                countedInside = end;
            }
            insideRuns.add(start, end, label);
        }
    }

    private void occurredSeen(int pattern, long shownEnd) {
        int length = patterns.seen().length(pattern);
        long first = shownEnd - length;
        long start = interruptions.position(first);
        long end = interruptions.position(shownEnd - 1) + 1;
        if (end - start - length > Interruptions.MOST_BYTES) {
            return;
        }
        int label = patterns.seen().labelOf(pattern);
        if (first >= countedSeen) {
            hits[label]++;
            countedSeen = shownEnd;
        }
        seenRuns.add(interruptions.hiddenFrom(first, shownEnd - 1), end, label);
    }
}
