package dev.mayfly.logs;

import java.util.BitSet;

/**
 * A set of byte values, written like the inside of a regular expression's brackets: {@code
 * A-Za-z0-9_-}, or {@code ^A-Z} for all others. {@code \t}, {@code \n}, {@code \r} and {@code \x7f}
 * stand for what they do elsewhere; a backslash before any other character takes it as it is.
 */
public final class ByteClass {

    /** All values. */
    public static final ByteClass ANY = complement(new BitSet());

    private static final int VALUES = 256;

    private final BitSet members;

    private ByteClass(BitSet members) {
        this.members = members;
    }

    /**
     * Reads a class.
     *
     * @param text ASCII
     * @throws IllegalArgumentException with the reason, if that is no class or an empty one
     */
    public static ByteClass parse(String text) {
        boolean others = text.startsWith("^");
        BitSet members = new Notation(text, others ? 1 : 0).members();
        ByteClass parsed = others ? complement(members) : new ByteClass(members);
        if (parsed.members.isEmpty()) {
            throw new IllegalArgumentException("holds no byte at all");
        }
        return parsed;
    }

    static ByteClass of(int value) {
        BitSet members = new BitSet(VALUES);
        members.set(value);
        return new ByteClass(members);
    }

    /** The value, and if it is an ASCII letter also the other case of it. */
    static ByteClass ofLetter(int value) {
        ByteClass both = of(value);
        int lower = value | 0x20;
        if (lower >= 'a' && lower <= 'z') {
            both.members.set(lower);
            both.members.set(lower ^ 0x20);
        }
        return both;
    }

    /** Whether the value, of 0 to 255, belongs to the set. */
    public boolean contains(int value) {
        return members.get(value);
    }

    boolean intersects(ByteClass other) {
        return members.intersects(other.members);
    }

    int size() {
        return members.cardinality();
    }

    /** The members, from the least. */
    int[] values() {
        return members.stream().toArray();
    }

    private static ByteClass complement(BitSet members) {
        BitSet others = new BitSet(VALUES);
        others.set(0, VALUES);
        others.andNot(members);
        return new ByteClass(others);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ByteClass that && members.equals(that.members);
    }

    @Override
    public int hashCode() {
        return members.hashCode();
    }

    /** The class in its notation, as ranges of codes. */
    @Override
    public String toString() {
        StringBuilder ranges = new StringBuilder();
        for (int first = members.nextSetBit(0); first >= 0; ) {
            int behind = members.nextClearBit(first);
            ranges.append("\\x%02x-\\x%02x".formatted(first, behind - 1));
            first = members.nextSetBit(behind);
        }
        return ranges.toString();
    }

    /** A class being read. */
    private static final class Notation {

        private final String text;
        private int at;

        Notation(String text, int from) {
            this.text = text;
            this.at = from;
        }

        BitSet members() {
            BitSet members = new BitSet(VALUES);
            while (at < text.length()) {
                int first = value();
                int last = first;
                if (at + 1 < text.length() && text.charAt(at) == '-') {
                    at++;
                    last = value();
                }
                if (last < first) {
                    throw new IllegalArgumentException("has a range that runs backwards");
                }
                members.set(first, last + 1);
            }
            return members;
        }

        private int value() {
            char c = text.charAt(at++);
            if (c > 0x7E || c < 0x20) {
                throw new IllegalArgumentException(
                        "has a character that is not printable ASCII; write bytes as \\x7f");
            }
            return c == '\\' ? escaped() : c;
        }

        private int escaped() {
            if (at == text.length()) {
                throw new IllegalArgumentException("ends in a single backslash");
            }
            char c = text.charAt(at++);
            return switch (c) {
                case 't' -> '\t';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 'x' -> hex();
                default -> {
                    if (Character.isLetterOrDigit(c)) {
                        throw new IllegalArgumentException("has an escape that is not known");
                    }
                    yield c;
                }
            };
        }

        private int hex() {
            String digits = text.substring(at, Math.min(at + 2, text.length()));
            if (!digits.matches("[0-9A-Fa-f]{2}")) {
                throw new IllegalArgumentException("has \\x without two hexadecimal digits");
            }
            at += 2;
            return Integer.parseInt(digits, 16);
        }
    }
}
