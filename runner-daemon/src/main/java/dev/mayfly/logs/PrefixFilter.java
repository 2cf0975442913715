package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Tells for most places of a text, from a few bytes, that no prefix of a token begins near them.
 * Immutable.
 *
 * <p>It knows the groups of three bytes at the first {@link #STRIDE} places of each prefix, where
 * what a prefix must follow and what must follow it count as parts of it. So one look at every
 * second place is enough. Where a group is known it looks again, at all four bytes. What it knows
 * then proves nothing either, because all is kept as marks under a hash. The automaton decides.
 */
final class PrefixFilter {

    /** Places that one look clears. */
    static final int STRIDE = 2;

    private static final int GROUP = 3;
    private static final int BEGINNING = GROUP + STRIDE - 1;

    /** Looks of which only the sum decides, which spares branches. */
    private static final int LOOKS = 8;

    private static final int SPREAD = 0x9E3779B1;

    /** Drops the fourth of the bytes that are read. */
    private static final int SPREAD_OF_GROUP = SPREAD << 8;

    /** A byte each, because a look must be short. */
    private static final int GROUPS_LOG2 = 15;

    /** A bit each. */
    private static final int BEGINNINGS_LOG2 = 17;

    /** A prefix that may go on in more ways says too little; then nothing can be cleared. */
    private static final int MOST_WAYS = 4096;

    /** A condition on the byte before a prefix helps only if few bytes fulfil it. */
    private static final int FEW = 8;

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] groups = new byte[1 << GROUPS_LOG2];
    private final long[] beginnings = new long[1 << (BEGINNINGS_LOG2 - 6)];
    private final boolean useful;

    PrefixFilter(List<TokenShape> shapes) {
        boolean learnt = true;
        for (TokenShape shape : shapes) {
            for (String literal : shape.prefix().literals()) {
                learnt &= learn(beginning(shape, literal));
            }
        }
        useful = learnt;
    }

    /**
     * The first place from {@code from} on where the automaton must go on, provided that it is idle
     * at {@code from}. At the end that is a few bytes before {@code to}.
     *
     * @param start where the array begins to hold the stream, at {@code from} or before
     */
    int clearedTo(byte[] bytes, int start, int from, int to) {
        if (!useful) {
            return from;
        }
        byte[] known = groups;
        int at = from;
        int lastOfMany = to - (LOOKS - 1) * STRIDE - BEGINNING;
        while (at <= lastOfMany) {
            int any =
                    known[group(bytes, at)]
                            | known[group(bytes, at + STRIDE)]
                            | known[group(bytes, at + 2 * STRIDE)]
                            | known[group(bytes, at + 3 * STRIDE)]
                            | known[group(bytes, at + 4 * STRIDE)]
                            | known[group(bytes, at + 5 * STRIDE)]
                            | known[group(bytes, at + 6 * STRIDE)]
                            | known[group(bytes, at + 7 * STRIDE)];
            if (any != 0) {
                int found = firstOf(LOOKS, bytes, start, at);
                if (found >= 0) {
                    return Math.max(from, found - (STRIDE - 1));
                }
            }
            at += LOOKS * STRIDE;
        }
        int looks = Math.max(0, (to - BEGINNING - at + STRIDE) / STRIDE);
        int found = firstOf(looks, bytes, start, at);
        return Math.max(from, (found >= 0 ? found : at + looks * STRIDE) - (STRIDE - 1));
    }

    /** The place of the first of some looks that clears nothing, or -1. */
    private int firstOf(int looks, byte[] bytes, int start, int at) {
        int which = 0;
        for (int look = 0; look < looks; look++) {
            which |= groups[group(bytes, at + look * STRIDE)] << look;
        }
        while (which != 0) {
            int place = at + Integer.numberOfTrailingZeros(which) * STRIDE;
            if (begins(bytes, start, place)) {
                return place;
            }
            which &= which - 1;
        }
        return -1;
    }

    /** Whether a prefix may begin at the place, or at the one before. */
    private boolean begins(byte[] bytes, int start, int at) {
        return at == start
                || isBeginning((int) INT.get(bytes, at))
                || isBeginning((int) INT.get(bytes, at - 1));
    }

    private boolean isBeginning(int four) {
        int slot = slot(four);
        return (beginnings[slot >>> 6] & (1L << slot)) != 0;
    }

    private static int slot(int four) {
        return (four * SPREAD) >>> (Integer.SIZE - BEGINNINGS_LOG2);
    }

    private static int group(byte[] bytes, int at) {
        return group((int) INT.get(bytes, at));
    }

    private static int group(int four) {
        return (four * SPREAD_OF_GROUP) >>> (Integer.SIZE - GROUPS_LOG2);
    }

    /** What the first bytes around the beginning of a prefix may be. */
    private static List<ByteClass> beginning(TokenShape shape, String literal) {
        TokenShape.Prefix prefix = shape.prefix();
        List<ByteClass> beginning = new ArrayList<>();
        if (prefix.after().size() <= FEW) {
            beginning.add(prefix.after());
        }
        literal.chars()
                .mapToObj(c -> prefix.ignoringCase() ? ByteClass.ofLetter(c) : ByteClass.of(c))
                .forEach(beginning::add);
        TokenShape.Part first = shape.parts().getFirst();
        for (int i = 0; i < Math.min(first.least(), BEGINNING); i++) {
            beginning.add(first.bytes());
        }
        while (beginning.size() < BEGINNING) {
            beginning.add(ByteClass.ANY);
        }
        return beginning.subList(0, BEGINNING);
    }

    /** Returns false, having learnt nothing, if there are too many ways to begin. */
    private boolean learn(List<ByteClass> beginning) {
        if (beginning.stream().mapToLong(ByteClass::size).reduce(1, (a, b) -> a * b) > MOST_WAYS) {
            return false;
        }
        for (int at = 0; at < STRIDE; at++) {
            forEach(beginning.subList(at, at + GROUP), 0, 0, four -> groups[group(four)] = 1);
        }
        forEach(
                beginning,
                0,
                0,
                four -> {
                    int slot = slot(four);
                    beginnings[slot >>> 6] |= 1L << slot;
                });
        return true;
    }

    /** Each text of these bytes, as a number whose lowest byte is its first. */
    private static void forEach(List<ByteClass> bytes, int at, int before, IntConsumer action) {
        if (at == bytes.size()) {
            action.accept(before);
            return;
        }
        for (int value : bytes.get(at).values()) {
            forEach(bytes, at + 1, before | value << (Byte.SIZE * at), action);
        }
    }
}
