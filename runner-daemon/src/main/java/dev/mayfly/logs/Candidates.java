package dev.mayfly.logs;

import java.util.Arrays;

/**
 * Those that may become tokens and have got as far as one certain part, the earliest first. They
 * are in the same run of bytes, so they also leave the part in this order.
 */
final class Candidates {

    /** Stands for a position that is not known yet. */
    static final long UNKNOWN = -1;

    private static final int FIELDS = 3;
    private static final int CAPACITY = 4;

    /** By turns: where the part begins, and where what is hidden begins and ends. */
    private long[] fields = new long[CAPACITY * FIELDS];

    /** The capacity is a power of two, so this is a mask. */
    private int capacityLess1 = CAPACITY - 1;

    private int head;
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    /** Where the part of the earliest begins. */
    long entered() {
        return fields[head * FIELDS];
    }

    /** Where the earliest begins to be hidden. None of the others begins before. */
    long hideFrom() {
        return fields[head * FIELDS + 1];
    }

    long hideTo() {
        return fields[head * FIELDS + 2];
    }

    /**
     * Adds one. If the last one differs in nothing but that it is hidden from earlier on, that is
     * enough.
     */
    void add(long entered, long hideFrom, long hideTo) {
        if (size > 0) {
            int last = slot(size - 1) * FIELDS;
            if (fields[last] == entered && fields[last + 2] == hideTo) {
                return;
            }
        }
        if (size * FIELDS == fields.length) {
            grow();
        }
        int at = slot(size) * FIELDS;
        fields[at] = entered;
        fields[at + 1] = hideFrom;
        fields[at + 2] = hideTo;
        size++;
    }

    void removeFirst() {
        head = slot(1);
        size--;
    }

    void clear() {
        head = 0;
        size = 0;
    }

    private int slot(int index) {
        return head + index & capacityLess1;
    }

    private void grow() {
        long[] target = Arrays.copyOf(fields, 2 * fields.length);
        int first = head * FIELDS;
        System.arraycopy(fields, first, target, 0, fields.length - first);
        System.arraycopy(fields, 0, target, fields.length - first, first);
        fields = target;
        head = 0;
        capacityLess1 = fields.length / FIELDS - 1;
    }
}
