package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Hides secrets in a stream of bytes.
 *
 * <p>The contract:
 *
 * <ul>
 *   <li><b>What is hidden:</b> every byte that belongs to any occurrence of any pattern,
 *       overlapping ones included.
 *   <li><b>What is shown instead:</b> one {@link #MARK} for each longest run of hidden bytes.
 *       Overlapping and touching occurrences are one run. A mark tells neither length nor name.
 *   <li><b>Split-independence:</b> the output depends on the bytes of the stream alone, not on how
 *       they were cut into writes. All other bytes come out unchanged and in order; they need not
 *       be text.
 *   <li><b>What is held back:</b> after each write, the longest end of the stream that is a
 *       beginning of a pattern, so at most the longest pattern less one byte. Everything before is
 *       out when the write returns, a mark already when its first byte is certain. Nothing is ever
 *       released by time, only by more bytes or by {@link #finish()}.
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

    private static final byte[] MARK_BYTES = MARK.getBytes(US_ASCII);

    /** Long writes are taken in slices, which bounds the list of runs and stays in cache. */
    private static final int SLICE = 16 * 1024;

    private final OccurrenceScanner scanner;
    private final OccurrenceScanner.Listener onOccurrence = this::occurred;
    private final Output output;
    private final Deque<Deferred> deferred = new ArrayDeque<>();

    // Positions in the stream: up to where bytes came, are out or hidden, and are hidden.
    private long taken;
    private long settled;
    private long hiddenTo = -1;

    /** The bytes from settled to taken, between two writes; during one, those of before it. */
    private byte[] held = new byte[256];

    private long heldStart;

    private int heldFrom;
    private int heldTo;

    /** Runs whose mark is not out: start and end in turn, apart from each other and in order. */
    private long[] runs = new long[32];

    private int runsFrom;
    private int runsTo;

    /** Position of the first byte of the array that is being scanned. */
    private long arrayStart;

    private long[] hits = new long[0];
    private long countedTo;

    /** Takes what may be seen. */
    @FunctionalInterface
    interface Output {
        /** The array is valid during the call only. */
        void take(byte[] bytes, int offset, int length);
    }

    private record Deferred(long position, Runnable action) {}

    LogMasker(SecretPatterns patterns, Output output) {
        this.scanner = new OccurrenceScanner(patterns);
        this.output = output;
        growHits();
    }

    SecretPatterns patterns() {
        return scanner.patterns();
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
        scanner.restart(patterns);
        growHits();
        arrayStart = heldStart - heldFrom;
        scanner.scan(held, heldFrom, heldTo, onOccurrence);
        release(taken - scanner.open(), held, heldTo, heldTo);
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
        release(taken, held, heldTo, heldTo);
        scanner.restart(scanner.patterns());
        hiddenTo = -1;
    }

    /** How many bytes are held back. */
    int heldBytes() {
        return heldTo - heldFrom;
    }

    /**
     * How often each label of the patterns was hit. Of overlapping occurrences only the one that
     * ends first is counted, and of those the longest.
     */
    long[] hits() {
        return hits.clone();
    }

    /** Transitions of the automaton up to now. */
    long steps() {
        return scanner.steps();
    }

    private void writeSlice(byte[] bytes, int from, int to) {
        arrayStart = taken - from;
        scanner.scan(bytes, from, to, onOccurrence);
        taken += to - from;
        release(taken - scanner.open(), bytes, from, to);
    }

    private void occurred(int pattern, int endIndex) {
        SecretPatterns patterns = scanner.patterns();
        long end = arrayStart + endIndex;
        long start = end - patterns.length(pattern);
        if (start >= countedTo) {
            hits[patterns.labelOf(pattern)]++;
            countedTo = end;
        }
        while (runsTo > runsFrom && runs[runsTo - 1] >= start) {
            start = Math.min(start, runs[runsTo - 2]);
            runsTo -= 2;
        }
        if (start <= hiddenTo) {
            hiddenTo = Math.max(hiddenTo, end);
        } else {
            addRun(start, end);
        }
    }

    private void addRun(long start, long end) {
        if (runsFrom == runsTo) {
            runsFrom = 0;
            runsTo = 0;
        } else if (runsTo == runs.length) {
            int count = runsTo - runsFrom;
            long[] target = count > runs.length / 2 ? new long[runs.length * 2] : runs;
            System.arraycopy(runs, runsFrom, target, 0, count);
            runs = target;
            runsFrom = 0;
            runsTo = count;
        }
        runs[runsTo++] = start;
        runs[runsTo++] = end;
    }

    /**
     * Puts everything before a position out, and holds the rest.
     *
     * @param bytes the array of the current write; what came before it is in {@code held}
     */
    private void release(long position, byte[] bytes, int from, int to) {
        while (!deferred.isEmpty() && deferred.element().position() <= position) {
            settle(deferred.element().position(), bytes, from);
            deferred.remove().action().run();
        }
        settle(position, bytes, from);
        // The first byte of this run is certain; what follows can only make the run longer.
        if (runsFrom < runsTo && runs[runsFrom] == settled) {
            mark();
        }
        while (!deferred.isEmpty() && deferred.element().position() <= hiddenTo) {
            deferred.remove().action().run();
        }
        hold(bytes, from, to);
    }

    private void settle(long position, byte[] bytes, int from) {
        while (settled < position) {
            if (settled < hiddenTo) {
                settled = Math.min(hiddenTo, position);
            } else if (runsFrom < runsTo && runs[runsFrom] == settled) {
                mark();
            } else {
                show(
                        runsFrom < runsTo ? Math.min(position, runs[runsFrom]) : position,
                        bytes,
                        from);
            }
        }
    }

    private void mark() {
        hiddenTo = runs[runsFrom + 1];
        runsFrom += 2;
        output.take(MARK_BYTES, 0, MARK_BYTES.length);
    }

    /** Shows bytes up to a position, or up to the end of the held ones if that comes first. */
    private void show(long position, byte[] bytes, int from) {
        long heldEnd = heldStart + heldBytes();
        if (settled < heldEnd) {
            int length = (int) (Math.min(position, heldEnd) - settled);
            output.take(held, heldFrom + (int) (settled - heldStart), length);
            settled += length;
        } else {
            int length = (int) (position - settled);
            output.take(bytes, from + (int) (settled - heldEnd), length);
            settled += length;
        }
    }

    private void hold(byte[] bytes, int from, int to) {
        long heldEnd = heldStart + heldBytes();
        int first = from;
        if (settled >= heldEnd) {
            first += (int) (settled - heldEnd);
            heldFrom = 0;
            heldTo = 0;
        } else {
            heldFrom += (int) (settled - heldStart);
        }
        heldStart = settled;
        makeRoomFor(to - first);
        System.arraycopy(bytes, first, held, heldTo, to - first);
        heldTo += to - first;
    }

    /** Moves the held bytes to the front only when that makes half of the array free. */
    private void makeRoomFor(int more) {
        if (heldTo + more <= held.length) {
            return;
        }
        int needed = heldBytes() + more;
        byte[] target = needed <= held.length / 2 ? held : new byte[2 * needed];
        System.arraycopy(held, heldFrom, target, 0, heldBytes());
        held = target;
        heldTo = heldBytes();
        heldFrom = 0;
    }

    private void growHits() {
        hits = Arrays.copyOf(hits, scanner.patterns().labels().size());
    }
}
