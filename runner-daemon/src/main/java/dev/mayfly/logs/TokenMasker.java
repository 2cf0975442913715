package dev.mayfly.logs;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Hides tokens of known shapes in a stream of bytes, behind a {@link LogMasker}.
 *
 * <p>The contract:
 *
 * <ul>
 *   <li><b>What is hidden:</b> every byte of a piece that some {@link TokenShape} hides, whatever
 *       else it is part of.
 *   <li><b>What is shown instead:</b> one {@link LogMasker#MARK} for each longest run of hidden
 *       bytes. A mark that comes in is text like other text.
 *   <li><b>Split-independence:</b> the output depends on the bytes of the stream alone. All other
 *       bytes come out unchanged and in order.
 *   <li><b>What is held back:</b> after each write, the bytes from the first one on that is not
 *       hidden yet and may be: at most {@link TokenShape#mostUndecided()} less one. As soon as a
 *       token is certain its mark is out, and its rest is dropped as it comes.
 *   <li><b>Cost:</b> linear in the bytes written. Writes allocate nothing in the steady state.
 * </ul>
 *
 * <p>For use by one thread at a time.
 */
final class TokenMasker {

    /** Long writes are taken in slices, which bounds the list of runs and stays in cache. */
    private static final int SLICE = 16 * 1024;

    private final TokenShapes shapes;
    private final TokenScanner scanner;
    private final MarkedOutput output;

    TokenMasker(TokenShapes shapes, LogMasker.Output output) {
        this.shapes = shapes;
        this.output = new MarkedOutput(output);
        this.scanner = new TokenScanner(shapes, this.output::hide);
    }

    /** Masks the next bytes of the stream. */
    void write(byte[] bytes, int offset, int length) {
        int from = offset;
        int end = offset + length;
        while (from < end) {
            int to = Math.min(end, from + SLICE);
            scanner.scan(bytes, from, to);
            output.write(bytes, from, to, scanner.openFrom());
            from = to;
        }
    }

    /**
     * Runs an action as soon as all bytes written before are out or hidden, which may be at once.
     * Actions run in the order of their calls, each between the output of what was written before
     * and after.
     */
    void whenSettled(Runnable action) {
        output.whenSettled(action);
    }

    /** Ends the stream and releases what is held back: it can no longer become a token. */
    void finish() {
        output.finish();
        scanner.restart();
    }

    /** How many bytes are held back. */
    int heldBytes() {
        return output.heldBytes();
    }

    /**
     * How often tokens of each shape were hidden, by the shape's name, without those that were not.
     * Of tokens of one shape that overlap only the first is counted.
     */
    Map<String, Long> hits() {
        Map<String, Long> hits = new LinkedHashMap<>();
        long[] counts = scanner.hits();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                hits.put(shapes.shapes().get(i).name(), counts[i]);
            }
        }
        return hits;
    }

    /** Bytes and candidates looked at up to now, the measure of the work done. */
    long work() {
        return scanner.work();
    }
}
