package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Puts out a stream in which pieces are hidden, each longest run of hidden bytes as one {@link
 * LogMasker#MARK}, and holds back the bytes that are not decided yet.
 *
 * <p>Positions count the stream's bytes. Allocates nothing once it has grown to what is held back.
 */
final class MarkedOutput {

    private static final byte[] MARK = LogMasker.MARK.getBytes(US_ASCII);

    private final LogMasker.Output output;
    private final Deque<Deferred> deferred = new ArrayDeque<>();

    // Up to where bytes came, are out or hidden, and are hidden.
    private long taken;
    private long settled;
    private long hiddenTo = -1;

    /** The bytes from settled to taken, between two writes; during one, those of before it. */
    private final HeldBytes held = new HeldBytes();

    /** Runs whose mark is not out: start and end in turn, apart from each other and in order. */
    private long[] runs = new long[32];

    private int runsFrom;
    private int runsTo;

    private record Deferred(long position, Runnable action) {}

    MarkedOutput(LogMasker.Output output) {
        this.output = output;
    }

    /** Hides a piece that is not out yet, of the bytes up to the end of the coming write. */
    void hide(long start, long end) {
        if (start <= hiddenTo && end <= hiddenTo) {
            return;
        }
        long from = start;
        long to = end;
        int behind = runsTo;
        while (behind > runsFrom && runs[behind - 2] > to) {
            behind -= 2;
        }
        int before = behind;
        while (before > runsFrom && runs[before - 1] >= from) {
            before -= 2;
            from = Math.min(from, runs[before]);
            to = Math.max(to, runs[before + 1]);
        }
        if (from <= hiddenTo) {
            hiddenTo = to;
            runsFrom = behind;
        } else if (before == behind) {
            insert(before, from, to);
        } else {
            runs[behind - 2] = from;
            runs[behind - 1] = to;
            remove(before, behind - 2);
        }
    }

    private void insert(int at, long from, long to) {
        int index = at - runsFrom;
        if (runsTo == runs.length) {
            int count = runsTo - runsFrom;
            long[] target = count > runs.length / 2 ? new long[runs.length * 2] : runs;
            System.arraycopy(runs, runsFrom, target, 0, count);
            runs = target;
            runsFrom = 0;
            runsTo = count;
        }
        int place = runsFrom + index;
        System.arraycopy(runs, place, runs, place + 2, runsTo - place);
        runs[place] = from;
        runs[place + 1] = to;
        runsTo += 2;
    }

    private void remove(int from, int to) {
        System.arraycopy(runs, to, runs, from, runsTo - to);
        runsTo -= to - from;
    }

    /**
     * Takes the next bytes, and puts out all bytes before a position and all marks that are
     * certain.
     *
     * @param position the first byte that is not decided
     */
    void write(byte[] bytes, int from, int to, long position) {
        boolean nothingBefore = settled == taken && deferred.isEmpty();
        taken += to - from;
        boolean nothingHidden = runsFrom == runsTo && hiddenTo <= settled;
        if (nothingBefore && nothingHidden && position == taken && from < to) {
            // So it is nearly always.
            output.take(bytes, from, to - from);
            settled = taken;
            held.add(bytes, from, to, settled);
            return;
        }
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
        settled = Math.max(settled, hiddenTo);
        held.add(bytes, from, to, settled);
    }

    /** Puts out all that is held back. */
    void finish() {
        write(held.array(), held.to(), held.to(), taken);
        hiddenTo = -1;
    }

    /** Runs an action as soon as all bytes taken up to now are out or hidden, maybe at once. */
    void whenSettled(Runnable action) {
        if (deferred.isEmpty() && taken <= settled) {
            action.run();
        } else {
            deferred.add(new Deferred(taken, action));
        }
    }

    /** How many bytes are held back. */
    int heldBytes() {
        return (int) (held.end() - held.start());
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
        output.take(MARK, 0, MARK.length);
    }

    /** Shows bytes up to a position, or up to the end of the held ones if that comes first. */
    private void show(long position, byte[] bytes, int from) {
        int length;
        if (settled < held.end()) {
            length = (int) (Math.min(position, held.end()) - settled);
            output.take(held.array(), held.indexOf(settled), length);
        } else {
            length = (int) (position - settled);
            output.take(bytes, from + (int) (settled - held.end()), length);
        }
        settled += length;
    }
}
