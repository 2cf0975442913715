package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells for most places of a text, from three bytes, that no prefix of a token begins near them.
 * Immutable.
 *
 * <p>It knows the groups of three bytes at the first {@link #STRIDE} places of each prefix, where
 * what a prefix must follow and what must follow it count as parts of it. So one look at every
 * second place is enough. A group that it knows proves nothing: groups are kept as marks under a
 * hash. The automaton decides then.
 */
final class PrefixFilter {

    /** Places that one look clears. */
    static final int STRIDE = 2;

    /** Bytes in a group; a look reads one more. */
    private static final int GROUP = 3;

    private static final int READ = 4;

    /** Looks of which only the sum decides, which spares branches. */
    private static final int LOOKS = 8;

    private static final int MARKS_LOG2 = 14;

    /** The multiplier drops the fourth byte that a look reads. */
    private static final int SPREAD = 0x9E3779B1 << 8;

    /** A prefix that may go on in more ways says too little; then nothing can be cleared. */
    private static final int MOST_GROUPS = 4096;

    /** A condition on the byte before a prefix helps only if few bytes fulfil it. */
    private static final int FEW = 8;

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] marks = new byte[1 << MARKS_LOG2];
    private final boolean useful;

    PrefixFilter(List<TokenShape> shapes) {
        boolean allKnown = true;
        for (TokenShape shape : shapes) {
            for (String literal : shape.prefix().literals()) {
                List<ByteClass> beginning = beginning(shape, literal);
                for (int at = 0; at < STRIDE; at++) {
                    allKnown &= learn(beginning.subList(at, at + GROUP));
                }
            }
        }
        useful = allKnown;
    }

    /**
     * The first place from {@code from} on where the automaton must go on, provided that it is idle
     * at {@code from}. At the array's end that is a few bytes before {@code to}.
     */
    int clearedTo(byte[] bytes, int from, int to) {
        if (!useful) {
            return from;
        }
        byte[] m = marks;
        int at = from;
        int lastOfMany = to - (LOOKS - 1) * STRIDE - READ;
        while (at <= lastOfMany) {
            int known =
                    m[slot(bytes, at)]
                            | m[slot(bytes, at + STRIDE)]
                            | m[slot(bytes, at + 2 * STRIDE)]
                            | m[slot(bytes, at + 3 * STRIDE)]
                            | m[slot(bytes, at + 4 * STRIDE)]
                            | m[slot(bytes, at + 5 * STRIDE)]
                            | m[slot(bytes, at + 6 * STRIDE)]
                            | m[slot(bytes, at + 7 * STRIDE)];
            if (known != 0) {
                break;
            }
            at += LOOKS * STRIDE;
        }
        while (at <= to - READ && m[slot(bytes, at)] == 0) {
            at += STRIDE;
        }
        return Math.max(from, at - (STRIDE - 1));
    }

    private static int slot(byte[] bytes, int at) {
        return ((int) INT.get(bytes, at) * SPREAD) >>> (Integer.SIZE - MARKS_LOG2);
    }

    /** What the bytes around the beginning of a prefix may be. */
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
        for (int i = 0; i < Math.min(first.least(), READ); i++) {
            beginning.add(first.bytes());
        }
        while (beginning.size() < STRIDE + GROUP - 1) {
            beginning.add(ByteClass.ANY);
        }
        return beginning;
    }

    /** Returns false, having learnt nothing, if there are too many groups. */
    private boolean learn(List<ByteClass> group) {
        if (group.stream().mapToInt(ByteClass::size).reduce(1, (a, b) -> a * b) > MOST_GROUPS) {
            return false;
        }
        byte[] bytes = new byte[READ];
        for (int first : group.get(0).values()) {
            for (int second : group.get(1).values()) {
                for (int third : group.get(2).values()) {
                    bytes[0] = (byte) first;
                    bytes[1] = (byte) second;
                    bytes[2] = (byte) third;
                    marks[slot(bytes, 0)] = 1;
                }
            }
        }
        return true;
    }

    /** How many of the marks are set. */
    double density() {
        int set = 0;
        for (byte mark : marks) {
            set += mark;
        }
        return (double) set / marks.length;
    }
}
