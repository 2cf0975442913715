package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayDeque;
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
 *       What began before those is no occurrence; its rest is hidden where a few bytes before are
 *       still kept, as they are for a beginning that has not waited at a line's end.
 * </ul>
 *
 * <p>For use by one thread at a time.
 */
final class LogMasker {

    /** Stands for hidden bytes. */
    static final String MARK = "[MASKED]";

    private static final byte[] PLAIN_MARK = MARK.getBytes(US_ASCII);

    private final Output output;
    private final boolean named;
    private final SecretSearch search;
    private final Deque<Deferred> deferred = new ArrayDeque<>();

    /** Between two writes those not settled, and more; during one, those of before it. */
    private final HeldBytes held = new HeldBytes();

    // Positions in the stream: up to where bytes are out or hidden, and are hidden.
    private long settled;
    private long hiddenTo = -1;

    private byte[][] marks = new byte[0][];

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
        this.named = named;
        this.output = output;
        search = new SecretSearch(patterns);
        makeMarks();
    }

    SecretPatterns patterns() {
        return search.patterns();
    }

    /** Masks the next bytes of the stream. */
    void write(byte[] bytes, int offset, int length) {
        int from = offset;
        int end = offset + length;
        while (from < end) {
            int to = Math.min(end, from + SecretSearch.MOST_AT_ONCE);
            search.take(bytes, from, to);
            release(search.open(), bytes, from);
            hold(bytes, from, to);
            from = to;
        }
    }

    /**
     * Looks for these patterns from now on, in the bytes held back too.
     *
     * @param patterns those of before with more added to them
     */
    void extend(SecretPatterns patterns) {
        search.look(patterns, held.array(), held.indexOf(held.start()), held.to());
        makeMarks();
        release(search.open(), held.array(), held.to());
        hold(held.array(), held.to(), held.to());
    }

    /**
     * Runs an action as soon as all bytes written before are out or hidden, which may be at once.
     * Actions run in the order of their calls, each between the output of what was written before
     * and after.
     */
    void whenSettled(Runnable action) {
        if (deferred.isEmpty() && search.taken() <= Math.max(settled, hiddenTo)) {
            action.run();
        } else {
            deferred.add(new Deferred(search.taken(), action));
        }
    }

    /** Ends the stream and releases what is held back: it can no longer become a secret. */
    void finish() {
        release(search.taken(), held.array(), held.to());
        search.finish();
        hold(held.array(), held.to(), held.to());
        hiddenTo = -1;
    }

    /** How many bytes are held back. */
    int heldBytes() {
        return (int) (search.taken() - settled);
    }

    /**
     * How often each label of the patterns was hit. Of overlapping occurrences only the one that
     * ends first is counted, and of those the longest.
     */
    long[] hits() {
        return search.hits();
    }

    /** Transitions of the automata up to now. */
    long steps() {
        return search.steps();
    }

    /**
     * Puts everything before a position out.
     *
     * @param bytes the array of the current write; what came before it is held
     */
    private void release(long position, byte[] bytes, int from) {
        while (!deferred.isEmpty() && deferred.element().position() <= position) {
            settle(deferred.element().position(), bytes, from);
            deferred.remove().action().run();
        }
        settle(position, bytes, from);
        // The first byte of this run is certain; what follows can only make the run longer.
        HiddenRuns run = search.runs();
        if (!run.isEmpty() && run.start() <= settled) {
            mark(run);
        }
        while (!deferred.isEmpty() && deferred.element().position() <= hiddenTo) {
            deferred.remove().action().run();
        }
    }

    private void settle(long position, byte[] bytes, int from) {
        while (settled < position) {
            HiddenRuns run = search.runs();
            if (!run.isEmpty() && run.start() <= Math.max(settled, hiddenTo)) {
                mark(run);
            } else if (settled < hiddenTo) {
                settled = Math.min(hiddenTo, position);
            } else {
                show(run.isEmpty() ? position : Math.min(position, run.start()), bytes, from);
            }
        }
    }

    /**
     * Takes a run off its list; what touches the run before has that one's mark, and what is out
     * already, since a pattern came too late for it, has none.
     */
    private void mark(HiddenRuns run) {
        if (run.end() > settled) {
            if (Math.max(run.start(), settled) > hiddenTo) {
                byte[] mark = named ? marks[run.label()] : PLAIN_MARK;
                output.take(mark, 0, mark.length);
            }
            hiddenTo = Math.max(hiddenTo, run.end());
        }
        run.removeFirst();
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

    private void hold(byte[] bytes, int from, int to) {
        held.add(bytes, from, to, Math.min(settled, search.kept()));
        search.forget(held.start());
    }

    private void makeMarks() {
        if (named) {
            marks =
                    patterns().labels().stream()
                            .map(label -> ("[MASKED:" + label.secret() + "]").getBytes(UTF_8))
                            .toArray(byte[][]::new);
        }
    }
}
