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

    /** How many these are. */
    private int length;

    /** Where among them the current line begins. */
    private int line;

    /** The position of the first byte of the array that is being looked at. */
    private long arrayStart;

    private final OccurrenceScanner raw;
    private final OccurrenceScanner seen;
    private final OccurrenceScanner inside;
    private final HiddenRuns rawRuns = new HiddenRuns();
    private final HiddenRuns seenRuns = new HiddenRuns();
    private final HiddenRuns insideRuns = new HiddenRuns();

    /**
     * What was found before it was looked again, which may have begun too early to be found now.
     */
    private HiddenRuns knownRuns = new HiddenRuns();

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
        arrayStart = taken - from;
        if (!patterns.raw().isEmpty()) {
            raw.scan(bytes, from, to);
        }
        if (following && terminal.inText()) {
            follow(bytes, from, to);
        }
        length = 0;
        line = 0;
        int i = from;
        while (i < to) {
            if (terminal.inText()) {
                i = takeText(bytes, i, to);
            }
            if (i < to) {
                i = takeInterruption(bytes, i, to);
            }
        }
        unbroken = unbroken();
        seen.scan(shown, 0, length);
        taken = arrayStart + to;
    }

    /**
     * Takes text and the usual interruptions.
     *
     * @return where one begins that is not usual, or {@code to}
     */
    private int takeText(byte[] bytes, int from, int to) {
        int i = from;
        while (true) {
            int end = TerminalText.copyText(bytes, i, to, shown, length);
            if (newLine && i < end) {
                newLine = false;
                line = length;
                unbroken = 0;
            }
            length += end - i;
            i = terminal.usualInterruption(bytes, end, to);
            if (i == end) {
                return end;
            }
            newLine = terminal.lineEnded();
            interruptions.add(arrayStart + end, arrayStart + i, newLine && lets());
            if (end + 1 < i && mayStart(bytes, end + 1, i, to)) {
                insideTo = arrayStart + i;
                lookInside(bytes, end + 1, i, to);
            }
        }
    }

    /** Takes an interruption, or more of one: up to the first byte of text, or {@code to}. */
    private int takeInterruption(byte[] bytes, int from, int to) {
        boolean begins = terminal.inText();
        int end = terminal.textAt(bytes, from, to);
        newLine = terminal.lineEnded();
        boolean lets = newLine && lets();
        if (begins) {
            interruptions.add(arrayStart + from, arrayStart + end, lets);
        } else {
            interruptions.reach(arrayStart + end, lets);
        }
        insideTo = terminal.inText() ? arrayStart + end : Long.MAX_VALUE;
        lookInside(bytes, begins ? from + 1 : from, end, to);
        return end;
    }

    /** Whether a few bytes before the line end that comes now do not wait. */
    private boolean lets() {
        return unbroken() < Interruptions.FULL_LINE;
    }

    /** How many bytes without a blank the current line ends with, up to a full line. */
    private int unbroken() {
        int count = TerminalText.unbroken(shown, line, length, Interruptions.FULL_LINE);
        boolean isAll = count == length - line && line == 0;
        return isAll ? Math.min(Interruptions.FULL_LINE, unbroken + count) : count;
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
        HiddenRuns known = new HiddenRuns();
        while (!runs().isEmpty()) {
            known.takeFirstOf(runs());
        }
        knownRuns = known;
        arrayStart = taken - to;
        raw.restart(patterns.raw(), arrayStart + from);
        raw.scan(bytes, from, to);
        seen.restart(patterns.seen(), interruptions.shownBefore(arrayStart + from));
        following = false;
        int i = from;
        for (int k = 0; k < interruptions.count(); k++) {
            int start = (int) Math.max(interruptions.start(k) - arrayStart, from);
            int end = (int) (interruptions.end(k) - arrayStart);
            seen.scan(bytes, i, start);
            boolean ended = k < interruptions.count() - 1 || terminal.inText();
            insideTo = ended ? interruptions.end(k) : Long.MAX_VALUE;
            int middle = (int) Math.max(interruptions.start(k) + 1 - arrayStart, from);
            lookInside(bytes, middle, end, to);
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
        if (insideRuns.precedes(first)) {
            first = insideRuns;
        }
        return knownRuns.precedes(first) ? knownRuns : first;
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

    /** Whether a pattern may begin in the middle of an interruption, as far as a few looks tell. */
    private boolean mayStart(byte[] bytes, int from, int end, int to) {
        BlockFilter filter = patterns.seen().filter();
        int stride = filter.stride();
        if (stride == 0 || end - 1 + BlockFilter.BLOCK > to) {
            return true;
        }
        int first = from;
        while (end - first > stride) {
            if (filter.mayStart(bytes, from, first, first + stride - 1)) {
                return true;
            }
            first += stride;
        }
        return filter.mayStart(bytes, from, first, end - 1);
    }

    /**
     * Looks for what begins in the middle of an interruption and goes on as it stands there. What
     * begins with an interruption's first byte only the raw look can find.
     *
     * @param from the first byte in the middle of the interruption
     * @param end the interruption's end as far as it is known
     * @param to the end of the array
     */
    private void lookInside(byte[] bytes, int from, int end, int to) {
        int first = from;
        if (!following) {
            BlockFilter filter = patterns.seen().filter();
            if (end - from <= filter.stride()) {
                first = filter.firstStart(bytes, from, end, to);
            }
            if (first >= end) {
                return;
            }
            inside.restart(patterns.seen(), arrayStart + first);
        }
        inside.scan(bytes, first, end);
        following = inside.open() > 0 || insideTo == Long.MAX_VALUE;
        if (following && end < to) {
            follow(bytes, end, to);
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
        Automaton automaton = seen.automaton();
        int length = automaton.length(pattern);
        long first = shownEnd - length;
        if (interruptions.wasForgottenBehind(first)) {
            return;
        }
        long hidden = first + interruptions.total();
        long end = shownEnd + interruptions.total();
        if (interruptions.standBehind(first)) {
            long start = interruptions.position(first);
            end = interruptions.position(shownEnd - 1) + 1;
            if (end - start - length > Interruptions.MOST_BYTES) {
                return;
            }
            hidden = interruptions.hiddenFrom(first, shownEnd - 1);
        }
        int label = automaton.labelOf(pattern);
        if (first >= countedSeen) {
            hits[label]++;
            countedSeen = shownEnd;
        }
        seenRuns.add(hidden, end, label);
    }
}
