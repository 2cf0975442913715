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

    /** So many bytes can be taken at once; they stay in cache between the looks. */
    static final int MOST_AT_ONCE = 16 * 1024;

    private final TerminalText terminal = new TerminalText();
    private final Interruptions interruptions = new Interruptions();

    /** What a terminal would show of the bytes that are being taken. */
    private final byte[] shown = new byte[MOST_AT_ONCE + TerminalText.COPY_SLACK];

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

    /**
     * How many bytes without a blank the line ended with before the bytes that are being taken,
     * counted up to a full line.
     */
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

    /** Takes the next bytes of the stream, at most {@link #MOST_AT_ONCE}. */
    void take(byte[] bytes, int from, int to) {
        long arrayStart = taken - from;
        if (!patterns.raw().isEmpty()) {
            raw.scan(bytes, from, to);
        }
        if (following && terminal.inText()) {
            follow(bytes, from, to);
        }
        int length = 0;
        int line = 0;
        int i = from;
        while (i < to) {
            boolean goesOn = !terminal.inText();
            int middle = i;
            if (!goesOn) {
                int end = TerminalText.copyText(bytes, i, to, shown, length);
                if (newLine && i < end) {
                    line = length;
                    unbroken = 0;
                    newLine = false;
                }
                length += end - i;
                if (end == to) {
                    break;
                }
                i = end;
                middle = end + 1;
            }
            int end = terminal.textAt(bytes, i, to);
            newLine = terminal.lineEnded();
            boolean lets = newLine && unbroken(line, length) < Interruptions.FULL_LINE;
            if (goesOn) {
                interruptions.reach(arrayStart + end, lets);
            } else {
                interruptions.add(arrayStart + i, arrayStart + end, lets);
            }
            if (following || (middle < end && mayStart(bytes, middle, end, to))) {
                insideTo = terminal.inText() ? arrayStart + end : Long.MAX_VALUE;
                lookInside(bytes, middle, end, to, arrayStart);
            }
            i = end;
        }
        unbroken = unbroken(line, length);
        seen.scan(shown, 0, length);
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

    /** How many bytes without a blank a line ends with, of which these are shown now. */
    private int unbroken(int from, int to) {
        int count = TerminalText.unbroken(shown, from, to, Interruptions.FULL_LINE);
        boolean isAll = count == to - from && from == 0;
        return isAll ? Math.min(Interruptions.FULL_LINE, unbroken + count) : count;
    }

    /** Whether a pattern may begin in the middle of an interruption, as far as one look tells. */
    private boolean mayStart(byte[] bytes, int from, int end, int to) {
        BlockFilter filter = patterns.seen().filter();
        return end - from > filter.stride()
                || end - 1 + BlockFilter.BLOCK > to
                || filter.mayStart(bytes, from, from, end - 1);
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
        if (following) {
            follow(bytes, from, insideTo < Long.MAX_VALUE ? to : end);
        } else if (from < end) {
            int first = patterns.seen().filter().firstStart(bytes, from, end, to);
            if (first < end) {
                following = true;
                inside.restart(patterns.seen(), arrayStart + first);
                follow(bytes, first, to);
            }
        }
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
