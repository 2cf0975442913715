package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Tells for most places of a text, from four bytes, that no pattern starts near them.
 *
 * <p>It knows the four-byte blocks at the first {@link #stride()} offsets of each pattern. A
 * pattern that starts at most {@code stride - 1} bytes before a place shows one of these blocks
 * there, so an unknown block clears {@code stride} starts at once. A known block proves nothing:
 * blocks are kept as bits under a hash. The automaton decides then.
 */
final class BlockFilter {

    /** Bytes in a block. Two and three let too much ordinary text through (measured). */
    static final int BLOCK = 4;

    /** Longer strides leave more bytes at a write's end to the automaton than they save. */
    static final int LONGEST_STRIDE = 8;

    private static final int BITS_FOR_EACH_BLOCK = 64;
    private static final int FEWEST_BITS_LOG2 = 17;
    private static final int MOST_BITS_LOG2 = 22;

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final int stride;
    private final int shift;
    private final long[] bits;

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
        int[] blocks = blocks(patterns);
        long wanted = (long) blocks.length * BITS_FOR_EACH_BLOCK;
        int log2 =
                Math.clamp(
                        Long.SIZE - Long.numberOfLeadingZeros(wanted),
                        FEWEST_BITS_LOG2,
                        MOST_BITS_LOG2);
        shift = Integer.SIZE - log2;
        bits = new long[1 << (log2 - 6)];
        for (int block : blocks) {
            int slot = slot(block);
            bits[slot >>> 6] |= 1L << slot;
        }
    }

    /** Each once: the forms of a secret have many in common. */
    private int[] blocks(Automaton.Entry[] patterns) {
        return Arrays.stream(patterns)
                .flatMapToInt(pattern ->
                        IntStream.range(0, stride)
                                .map(offset -> (int) INT.get(pattern.bytes(), offset)))
                .distinct()
                .toArray();
    }

    /** How many starts one unknown block clears; 0 when a pattern is shorter than a block. */
    int stride() {
        return stride;
    }

    /** Whether the block at {@code index} may be from the beginning of a pattern. */
    boolean knows(byte[] bytes, int index) {
        int slot = slot((int) INT.get(bytes, index));
        return (bits[slot >>> 6] & (1L << slot)) != 0;
    }

    private int slot(int block) {
        return (block * 0x9E3779B1) >>> shift;
    }
}
