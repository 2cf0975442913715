package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Tells for most places of a text, from a few bytes, that no pattern starts near them.
 *
 * <p>It knows the four-byte blocks at the first {@link #stride()} offsets of each pattern. A
 * pattern that starts at most {@code stride - 1} bytes before a place shows one of these blocks
 * there, so an unknown block clears {@code stride} starts at once. Where a block is known, each
 * start can be looked at, at up to eight bytes. What is known then proves nothing either, because
 * all is kept as bits under a hash. The automaton decides.
 *
 * <p>The stride is as long as the shortest patterns have blocks. When these are few, it is one
 * longer: of their last block three bytes are the pattern's, and all values of the fourth are
 * known.
 */
final class BlockFilter {

    /** Bytes in a block. Two and three let too much ordinary text through (measured). */
    static final int BLOCK = 4;

    /** Where a block is known, as many starts must be looked at. */
    private static final int LONGEST_STRIDE = 64;

    /** However many patterns: with a shorter stride there is too much to look at. */
    private static final int SHORTEST_OF_MANY = 8;

    /** If more of the bits were set, too much of the text would look known. */
    private static final int LEAST_BITS_FOR_EACH_BLOCK = 64;

    /** What the shortest patterns may add to the known blocks, of which most are no pattern's. */
    private static final int MOST_OPEN_BLOCKS = 16 << Byte.SIZE;

    private static final int SPREAD = 0x9E3779B1;
    private static final int FEWEST_BITS_LOG2 = 14;
    private static final int MOST_BITS_LOG2 = 22;
    private static final int BITS_FOR_EACH_BLOCK = 64;
    private static final int BITS_FOR_EACH_START = 32;

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final int stride;
    private final int blockShift;
    private final long[] blocks;

    /** The bytes of a start that count: no more than the shortest pattern has. */
    private final long startMask;

    private final int startShift;
    private final long[] starts;

    /** The first two bytes of patterns; a hash of the first three. */
    private final long[] pairs = new long[1 << (Short.SIZE - 6)];

    private final long[] triples = new long[1 << (Short.SIZE - 6)];

    /**
     * Learns patterns.
     *
     * @param patterns none, or any of at least one byte
     */
    BlockFilter(Automaton.Entry[] patterns) {
        int shortest = shortest(patterns);
        stride = stride(patterns, shortest);
        int blocksLog2 = log2((long) patterns.length * stride * BITS_FOR_EACH_BLOCK);
        blockShift = Integer.SIZE - blocksLog2;
        blocks = new long[1 << (blocksLog2 - 6)];
        startMask = -1L >>> (Long.SIZE - Byte.SIZE * Math.min(shortest, Long.BYTES));
        int startsLog2 = log2((long) patterns.length * BITS_FOR_EACH_START);
        startShift = Long.SIZE - startsLog2;
        starts = new long[1 << (startsLog2 - 6)];
        byte[] padded = new byte[Long.BYTES];
        for (Automaton.Entry pattern : patterns) {
            byte[] bytes = pattern.bytes();
            learnBlocks(bytes);
            System.arraycopy(bytes, 0, padded, 0, Math.min(bytes.length, Long.BYTES));
            int slot = startSlot((long) LONGS.get(padded, 0));
            starts[slot >>> 6] |= 1L << slot;
            int pair = pair(padded, 0);
            pairs[pair >>> 6] |= 1L << pair;
            int triple = triple(pair, padded[2]);
            triples[triple >>> 6] |= 1L << triple;
        }
    }

    private static int shortest(Automaton.Entry[] patterns) {
        int shortest = Integer.MAX_VALUE;
        for (Automaton.Entry pattern : patterns) {
            shortest = Math.min(shortest, pattern.bytes().length);
        }
        return shortest;
    }

    private static int stride(Automaton.Entry[] patterns, int shortest) {
        if (shortest < BLOCK) {
            return 0;
        }
        int openBlocks = 0;
        for (Automaton.Entry pattern : patterns) {
            openBlocks += pattern.bytes().length == shortest ? 1 << Byte.SIZE : 0;
        }
        long blocksOfShortest = shortest - BLOCK + (openBlocks <= MOST_OPEN_BLOCKS ? 2L : 1L);
        return (int) Math.min(blocksOfShortest, longestStride(patterns.length));
    }

    private static int longestStride(int patterns) {
        int most = (1 << MOST_BITS_LOG2) / LEAST_BITS_FOR_EACH_BLOCK / Math.max(1, patterns);
        return Math.clamp(most, SHORTEST_OF_MANY, LONGEST_STRIDE);
    }

    private static int log2(long bits) {
        return Math.clamp(
                Long.SIZE - Long.numberOfLeadingZeros(bits), FEWEST_BITS_LOG2, MOST_BITS_LOG2);
    }

    private void learnBlocks(byte[] pattern) {
        int whole = Math.min(stride, pattern.length - BLOCK + 1);
        for (int offset = 0; offset < whole; offset++) {
            learnBlock((int) INT.get(pattern, offset));
        }
        if (0 < whole && whole < stride) {
            int three = (int) INT.get(pattern, pattern.length - BLOCK) >>> Byte.SIZE;
            for (int fourth = 0; fourth < 1 << Byte.SIZE; fourth++) {
                learnBlock(three | fourth << (Integer.SIZE - Byte.SIZE));
            }
        }
    }

    private void learnBlock(int block) {
        int slot = slot(block);
        blocks[slot >>> 6] |= 1L << slot;
    }

    /** How many starts can be cleared at once; 0 when a pattern is shorter than a block. */
    int stride() {
        return stride;
    }

    /**
     * Whether a pattern may start at a place or at one of the {@link #stride()} - 1 before it.
     *
     * @param last a whole block is there
     */
    boolean mayStart(byte[] bytes, int last) {
        int slot = slot((int) INT.get(bytes, last));
        return (blocks[slot >>> 6] & (1L << slot)) != 0;
    }

    /**
     * Goes on in strides.
     *
     * @param first where a pattern may start
     * @param to the array's end
     * @return the first place that is not cleared
     */
    int cleared(byte[] bytes, int first, int to) {
        int step = stride;
        int last = to - BLOCK;
        int probe = clearedByFour(bytes, first + step - 1, last - 3 * step);
        while (probe <= last && !mayStart(bytes, probe)) {
            probe += step;
        }
        return probe - step + 1;
    }

    /** Looks at four blocks between two branches. */
    private int clearedByFour(byte[] bytes, int from, int last) {
        long[] known = blocks;
        int shift = blockShift;
        int step = stride;
        int probe = from;
        while (probe <= last) {
            int one = ((int) INT.get(bytes, probe) * SPREAD) >>> shift;
            int two = ((int) INT.get(bytes, probe + step) * SPREAD) >>> shift;
            int three = ((int) INT.get(bytes, probe + 2 * step) * SPREAD) >>> shift;
            int four = ((int) INT.get(bytes, probe + 3 * step) * SPREAD) >>> shift;
            long any =
                    known[one >>> 6] >>> one
                            | known[two >>> 6] >>> two
                            | known[three >>> 6] >>> three
                            | known[four >>> 6] >>> four;
            if ((any & 1) != 0) {
                break;
            }
            probe += 4 * step;
        }
        return probe;
    }

    /**
     * The first place from one to before another where a pattern may start, or the latter. Where
     * the array ends too soon to tell, one may.
     */
    int firstStart(byte[] bytes, int from, int before, int to) {
        int i = from;
        while (i < before && i + Long.BYTES <= to) {
            int slot = startSlot((long) LONGS.get(bytes, i));
            if ((starts[slot >>> 6] & (1L << slot)) != 0) {
                return i;
            }
            i++;
        }
        return i;
    }

    /**
     * The first of an array's last three places where a pattern of at least a block may have begun.
     * At the very last one of many patterns some nearly always may.
     *
     * @param to the array's end
     */
    int begun(byte[] bytes, int to) {
        int triple = triple(pair(bytes, to - 3), bytes[to - 1]);
        if ((triples[triple >>> 6] & (1L << triple)) != 0) {
            return to - 3;
        }
        int pair = pair(bytes, to - 2);
        return (pairs[pair >>> 6] & (1L << pair)) != 0 ? to - 2 : to - 1;
    }

    private static int pair(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) << Byte.SIZE | (bytes[at + 1] & 0xFF);
    }

    private static int triple(int pair, byte third) {
        return ((pair << Byte.SIZE | (third & 0xFF)) * SPREAD) >>> Short.SIZE;
    }

    private int slot(int block) {
        return (block * SPREAD) >>> blockShift;
    }

    private int startSlot(long bytes) {
        return (int) (((bytes & startMask) * 0x9E3779B97F4A7C15L) >>> startShift);
    }
}
