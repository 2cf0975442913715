package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The first eight bytes of each pattern, and the state of the {@link Automaton} behind them. Most
 * text that looks as if a pattern began goes on otherwise within these, and one look tells.
 */
final class Beginnings {

    static final int BYTES = Long.BYTES;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final int shift;
    private final long[] keys;

    /** {@link Automaton#ROOT} where there is no key. */
    private final int[] states;

    /**
     * None yet.
     *
     * @param most so many can be put in
     */
    Beginnings(int most) {
        int log2 = Integer.SIZE - Integer.numberOfLeadingZeros(most) + 1;
        shift = Long.SIZE - log2;
        keys = new long[1 << log2];
        states = new int[1 << log2];
    }

    void put(byte[] pattern, int state) {
        long key = (long) LONG.get(pattern, 0);
        int slot = slot(key);
        keys[slot] = key;
        states[slot] = state;
    }

    /** The state behind the eight bytes that stand at a place; the root if no pattern begins so. */
    int behind(byte[] bytes, int at) {
        return states[slot((long) LONG.get(bytes, at))];
    }

    /** Where a key is, or would be. */
    private int slot(long key) {
        int slot = (int) ((key * SPREAD) >>> shift);
        while (states[slot] != Automaton.ROOT && keys[slot] != key) {
            slot = (slot + 1) & (keys.length - 1);
        }
        return slot;
    }
}
