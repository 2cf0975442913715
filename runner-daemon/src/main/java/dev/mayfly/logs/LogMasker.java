package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Hides secrets in a stream of bytes.
 *
 * <p>The contract, of which {@code docs/masking.md} says more:
 *
 * <ul>
 *   <li><b>What is hidden:</b> every byte that belongs to any occurrence of any pattern,
 *       overlapping ones included. A pattern occurs where its bytes stand one behind the other, or
 *       what a terminal would show of them, without {@link TerminalText interruptions}. It also
 *       occurs where they do so in what a terminal would show of the stream; then the interruptions
 *       between its first and last byte are hidden as well. Interruptions of more than {@link
 *       Interruptions#MOST_BYTES} bytes in all make it no occurrence.
 *   <li><b>What is shown instead:</b> one mark for each longest run of hidden bytes. Overlapping
 *       and touching occurrences are one run. A mark tells neither length nor, unless marks have
 *       names, which secret it was.
 *   <li><b>Split-independence:</b> the output depends on the bytes of the stream alone, not on how
 *       they were cut into writes. All other bytes come out unchanged and in order; they need not
 *       be text.
 *   <li><b>What is held back:</b> after each write, the longest end of the stream that is a
 *       beginning of an occurrence: at most the longest pattern less one byte, and the
 *       interruptions. Everything before is out when the write returns, a mark already when its
 *       first byte is certain. Nothing is ever released by time, only by more bytes or by {@link
 *       #finish()}.
 *   <li><b>At a line's end</b> usually nothing is held back. A beginning of up to {@link
 *       Interruptions#TOO_FEW_TO_WAIT} bytes does not wait there for the next line, unless the line
 *       is full, as lines are that something has wrapped: at least {@link Interruptions#FULL_LINE}
 *       bytes without a blank before its end. If it turns out to have been an occurrence, what
 *       follows the line end is hidden. (A pattern with line ends of its own always waits.)
 *   <li><b>Cost:</b> linear in the bytes written, whatever they and the patterns are. Writes
 *       allocate nothing once the buffers have grown to what is held back.
 *   <li><b>New patterns</b> apply to all bytes that are not out yet, so also to those held back.
 * </ul>
 *
 * <p>For use by one thread at a time.
 */
final class LogMasker {

    /** Stands for hidden bytes. */
    static final String MARK = "[MASKED]";

    private static final byte[] PLAIN_MARK = MARK.getBytes(US_ASCII);

    /** Long writes are taken in slices, which bounds the list of runs and stays in cache. */
    private static final int SLICE = 16 * 1024;

    private final Output output;
    private final boolean named;
    private final Deque<Deferred> deferred = new ArrayDeque<>();
    private final TerminalText terminal = new TerminalText();
    private final Interruptions interruptions = new Interruptions();

    // Three looks at the stream: as it is; as it is shown; and what begins inside interruptions.
    private final OccurrenceScanner raw;
    private final OccurrenceScanner seen;
    private final OccurrenceScanner inside;
    private final HiddenRuns rawRuns = new HiddenRuns();
    private final HiddenRuns seenRuns = new HiddenRuns();
    private final HiddenRuns insideRuns = new HiddenRuns();

    private SecretPatterns patterns;

    /** Whether something that began inside an interruption is being followed. */
    private boolean following;

    /** Where that interruption ends; unknown while it goes on. */
    private long insideTo;

    /** Whether a line end stands between the last shown byte and the next. */
    private boolean newLine;

    /** How many bytes without a blank the shown text ends with, counted up to a full line. */
    private int unbroken;

    // Positions in the stream: up to where bytes came, are out or hidden, and are hidden.
    private long taken;
    private long settled;
    private long hiddenTo = -1;

    /** The bytes from heldStart to taken, between two writes; during one, those of before it. */
    private byte[] held = new byte[256];

    /** Not behind settled: what is out is kept while it may be the beginning of an occurrence. */
    private long heldStart;

    private int heldFrom;
    private int heldTo;

    private byte[][] marks = new byte[0][];
    private long[] hits = new long[0];
    private long countedSeen;
    private long countedRaw;
    private long countedInside;

    /** Takes what may be seen. */
    @FunctionalInterface
    interface Output {
        /** The array is valid during the call only. */
        void take(byte[] bytes, int offset, int length);
    }

    private record Deferred(long position, Runnable action) {}

    /** Hides patterns behind marks that do not tell which it was. */
    LogMasker(SecretPatterns patterns, Output output) {
        this(patterns, false, output);
    }

    /**
     * Hides patterns.
     *
     * @param named whether a mark names the secret: of the occurrences at the run's first byte, the
     *     shortest one's
     */
    LogMasker(SecretPatterns patterns, boolean named, Output output) {
        this.patterns = patterns;
        this.named = named;
        this.output = output;
        raw = new OccurrenceScanner(patterns.raw(), this::occurredRaw);
        seen = new OccurrenceScanner(patterns.seen(), this::occurredSeen);
        inside = new OccurrenceScanner(patterns.seen(), this::occurredInside);
        learnLabels();
    }

    SecretPatterns patterns() {
        return patterns;
    }

    /** Masks the next bytes of the stream. */
    void write(byte[] bytes, int offset, int length) {
        int from = offset;
        int end = offset + length;
        while (from < end) {
            int to = Math.min(end, from + SLICE);
            writeSlice(bytes, from, to);
            from = to;
        }
    }

    /**
     * Looks for these patterns from now on, in the bytes held back too.
     *
     * @param patterns those of before with more added to them
     */
    void extend(SecretPatterns patterns) {
        this.patterns = patterns;
        learnLabels();
        rawRuns.clear();
        seenRuns.clear();
        insideRuns.clear();
        lookAgain();
        release(held, heldTo, heldTo);
    }

    /**
     * Runs an action as soon as all bytes written before are out or hidden, which may be at once.
     * Actions run in the order of their calls, each between the output of what was written before
     * and after.
     */
    void whenSettled(Runnable action) {
        if (deferred.isEmpty() && taken <= Math.max(settled, hiddenTo)) {
            action.run();
        } else {
            deferred.add(new Deferred(taken, action));
        }
    }

    /** Ends the stream and releases what is held back: it can no longer become a secret. */
    void finish() {
        release(taken, held, heldTo);
        heldStart = taken;
        heldFrom = 0;
        heldTo = 0;
        raw.restart(patterns.raw(), taken);
        seen.restart(patterns.seen(), taken - interruptions.total());
        following = false;
        terminal.reset();
        interruptions.forgetAll();
        unbroken = 0;
        hiddenTo = -1;
    }

    /** How many bytes are held back. */
    int heldBytes() {
        return (int) (taken - settled);
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

    private void writeSlice(byte[] bytes, int from, int to) {
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
        release(bytes, from, to);
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

    /** Puts out what can no longer become part of an occurrence, and holds the rest. */
    private void release(byte[] bytes, int from, int to) {
        long open = taken - raw.open();
        if (following) {
            open = Math.min(open, taken - inside.open());
        }
        long kept = open;
        for (int length = seen.open(); length > 0; length = seen.openBelow(length)) {
            long first = seen.position() - length;
            long start = interruptions.position(first);
            if (taken - start - length <= Interruptions.MOST_BYTES) {
                kept = Math.min(open, start);
                open = Math.min(open, interruptions.hiddenFrom(first, seen.position()));
                break;
            }
        }
        release(open, bytes, from);
        hold(kept, bytes, from, to);
        interruptions.forget(heldStart, !terminal.inText());
    }

    /**
     * Puts everything before a position out.
     *
     * @param bytes the array of the current write; what came before it is in {@code held}
     */
    private void release(long position, byte[] bytes, int from) {
        while (!deferred.isEmpty() && deferred.element().position() <= position) {
            settle(deferred.element().position(), bytes, from);
            deferred.remove().action().run();
        }
        settle(position, bytes, from);
        // The first byte of this run is certain; what follows can only make the run longer.
        HiddenRuns run = nextRun();
        if (!run.isEmpty() && run.start() <= settled) {
            mark(run);
        }
        while (!deferred.isEmpty() && deferred.element().position() <= hiddenTo) {
            deferred.remove().action().run();
        }
    }

    private void settle(long position, byte[] bytes, int from) {
        while (settled < position) {
            HiddenRuns run = nextRun();
            if (!run.isEmpty() && run.start() <= Math.max(settled, hiddenTo)) {
                mark(run);
            } else if (settled < hiddenTo) {
                settled = Math.min(hiddenTo, position);
            } else {
                show(run.isEmpty() ? position : Math.min(position, run.start()), bytes, from);
            }
        }
    }

    private HiddenRuns nextRun() {
        HiddenRuns first = seenRuns;
        if (rawRuns.precedes(first)) {
            first = rawRuns;
        }
        return insideRuns.precedes(first) ? insideRuns : first;
    }

    /** Takes a run off its list; what touches the run before has that one's mark. */
    private void mark(HiddenRuns run) {
        if (run.start() > hiddenTo) {
            byte[] mark = named ? marks[run.label()] : PLAIN_MARK;
            output.take(mark, 0, mark.length);
        }
        hiddenTo = Math.max(hiddenTo, run.end());
        run.removeFirst();
    }

    /** Shows bytes up to a position, or up to the end of the held ones if that comes first. */
    private void show(long position, byte[] bytes, int from) {
        long heldEnd = heldStart + heldTo - heldFrom;
        int length;
        if (settled < heldEnd) {
            length = (int) (Math.min(position, heldEnd) - settled);
            output.take(held, heldFrom + (int) (settled - heldStart), length);
        } else {
            length = (int) (position - settled);
            output.take(bytes, from + (int) (settled - heldEnd), length);
        }
        settled += length;
    }

    private void hold(long kept, byte[] bytes, int from, int to) {
        long first = Math.min(kept, settled);
        long heldEnd = heldStart + heldTo - heldFrom;
        int more = from;
        if (first >= heldEnd) {
            more += (int) (first - heldEnd);
            heldFrom = 0;
            heldTo = 0;
        } else {
            heldFrom += (int) (first - heldStart);
        }
        heldStart = first;
        makeRoomFor(to - more);
        System.arraycopy(bytes, more, held, heldTo, to - more);
        heldTo += to - more;
    }

    /** Moves the held bytes to the front only when that makes half of the array free. */
    private void makeRoomFor(int more) {
        if (heldTo + more <= held.length) {
            return;
        }
        int count = heldTo - heldFrom;
        int needed = count + more;
        byte[] target = needed <= held.length / 2 ? held : new byte[2 * needed];
        System.arraycopy(held, heldFrom, target, 0, count);
        held = target;
        heldTo = count;
        heldFrom = 0;
    }

    /** Looks at all held bytes again, with the interruptions that are known. */
    private void lookAgain() {
        raw.restart(patterns.raw(), heldStart);
        raw.scan(held, heldFrom, heldTo);
        raw.settle();
        long base = heldStart - heldFrom;
        int i = heldFrom;
        seen.restart(patterns.seen(), interruptions.shownBefore(heldStart));
        following = false;
        for (int k = 0; k < interruptions.count(); k++) {
            int start = (int) Math.max(interruptions.start(k) - base, heldFrom);
            int end = (int) (interruptions.end(k) - base);
            seen.scan(held, i, start);
            boolean ended = k < interruptions.count() - 1 || terminal.inText();
            insideTo = ended ? interruptions.end(k) : Long.MAX_VALUE;
            int middle = (int) Math.max(interruptions.start(k) + 1 - base, heldFrom);
            lookInside(held, middle, end, heldTo, base);
            i = end;
        }
        seen.scan(held, i, heldTo);
        seen.settle();
    }

    private void learnLabels() {
        hits = Arrays.copyOf(hits, patterns.labels().size());
        if (named) {
            marks =
                    patterns.labels().stream()
                            .map(label -> ("[MASKED:" + label.secret() + "]").getBytes(UTF_8))
                            .toArray(byte[][]::new);
        }
    }
}
