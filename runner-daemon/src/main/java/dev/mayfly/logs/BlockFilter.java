package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Tells for most places of a text, from a few bytes, that no pattern starts near them.
 *
 * <p>It knows the four-byte blocks at the first {@link #stride()} offsets of each pattern. A
 * pattern that starts at most {@code stride - 1} bytes before a place shows one of these blocks
 * there, so an unknown block clears {@code stride} starts at once. Where a block is known, it looks
 * at each of these starts, at up to eight bytes. What it knows then proves nothing either, because
 * blocks and starts are kept as bits under a hash. The automaton decides.
 */
final class BlockFilter {

    /** Bytes in a block. Two and three let too much ordinary text through (measured). */
    static final int BLOCK = 4;

    /** A longer stride needs more blocks to be known, so more of the text looks known. */
    private static final int LONGEST_STRIDE = 16;

    private static final int BITS_FOR_EACH = 64;
    private static final int FEWEST_BITS_LOG2 = 14;
    private static final int MOST_BITS_LOG2 = 22;

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final int stride;
    private final int blockShift;
    private final long[] blocks;

    /** The bytes of a start that count: no more than the shortest pattern has. */
    private final long startMask;

    private final int startShift;
    private final long[] starts;

    /**
     * Learns patterns.
     *
     * @param patterns none, or any of at least one byte
     */
    BlockFilter(Automaton.Entry[] patterns) {
        int shortest = Integer.MAX_VALUE;
        for (Automaton.Entry pattern : patterns) {
            shortest = Math.min(shortest, pattern.bytes().length);
        }
        stride = Math.clamp(shortest - BLOCK + 1L, 0, LONGEST_STRIDE);
        int log2 = bitsLog2((long) patterns.length * stride);
        blockShift = Integer.SIZE - log2;
        blocks = new long[1 << (log2 - 6)];
        startMask = shortest >= Long.BYTES ? -1 : (1L << (Byte.SIZE * shortest)) - 1;
        int startLog2 = bitsLog2(patterns.length);
        startShift = Long.SIZE - startLog2;
        starts = new long[1 << (startLog2 - 6)];
        if (stride > 0) {
            byte[] padded = new byte[Long.BYTES];
            for (Automaton.Entry pattern : patterns) {
                learn(pattern.bytes(), padded);
            }
        }
    }

    private static int bitsLog2(long count) {
        return Math.clamp(
                Long.SIZE - Long.numberOfLeadingZeros(count * BITS_FOR_EACH),
                FEWEST_BITS_LOG2,
                MOST_BITS_LOG2);
    }

    private void learn(byte[] pattern, byte[] padded) {
        for (int offset = 0; offset < stride; offset++) {
            int slot = slot((int) INT.get(pattern, offset));
            blocks[slot >>> 6] |= 1L << slot;
        }
        System.arraycopy(pattern, 0, padded, 0, Math.min(pattern.length, Long.BYTES));
        int slot = startSlot((long) LONG.get(padded, 0));
        starts[slot >>> 6] |= 1L << slot;
    }

    /** How many starts one unknown block clears; 0 when a pattern is shorter than a block. */
    int stride() {
        return stride;
    }

    /** Whether the block at {@code index} may be from the beginning of a pattern. */
    boolean knows(byte[] bytes, int index) {
        int slot = slot((int) INT.get(bytes, index));
        return (blocks[slot >>> 6] & (1L << slot)) != 0;
    }

    /** Whether no pattern starts from one place to before another, as far as one look can tell. */
    boolean clears(byte[] bytes, int from, int before, int to) {
        return before - from <= stride && before - 1 + BLOCK <= to && !knows(bytes, before - 1);
    }

    /**
     * The first place from one to before another where a pattern may start, or the latter. Where
     * the array ends too soon to tell, one may.
     */
    int firstStart(byte[] bytes, int from, int before, int to) {
        int i = from;
        if (stride == 0) {
            return i;
        }
        while (i < before && i + Long.BYTES <= to) {
            int slot = startSlot((long) LONG.get(bytes, i));
            if ((starts[slot >>> 6] & (1L << slot)) != 0) {
                return i;
            }
            i++;
        }
        return i;
    }

    private int slot(int block) {
        return (block * 0x9E3779B1) >>> blockShift;
    }

    private int startSlot(long bytes) {
        return (int) (((bytes & startMask) * 0x9E3779B97F4A7C15L) >>> startShift);
    }
}
