package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What tokens of one kind look like: a literal prefix, then parts.
 *
 * <p>Each part takes as many bytes of its class as there are, up to its most, and gives none back:
 * a possessive {@code [class]{least,most}+} of a regular expression. What is hidden is one piece:
 * the parts that are not shown, and the prefix if that is not shown either.
 *
 * @param name what the statistics call it
 * @param prefix how it begins
 * @param parts at least one, and at least one that is not shown; shown ones come before or after
 *     all others. All but the last have a bound, and the last takes at least one byte, so that it
 *     is known after {@link #mostUndecided()} bytes whether this is a token
 */
public record TokenShape(String name, Prefix prefix, List<Part> parts) {

    /** More bytes are never held back for one shape. */
    public static final int MOST_UNDECIDED = 4096;

    /**
     * How a token begins.
     *
     * @param literals the alternatives, each of 1 to 64 printable ASCII characters
     * @param ignoringCase whether ASCII letters match in both cases
     * @param after what the byte before must be; the beginning of the log counts as a line feed
     * @param shown whether it stays visible, for a name; not for what is part of the value
     */
    public record Prefix(
            List<String> literals, boolean ignoringCase, ByteClass after, boolean shown) {

        static final int LONGEST = 64;

        public Prefix {
            literals = List.copyOf(literals);
            if (literals.isEmpty()) {
                throw new IllegalArgumentException("has no prefix");
            }
            if (!literals.stream().allMatch(Prefix::possible)) {
                throw new IllegalArgumentException(
                        "a prefix must have 1 to " + LONGEST + " printable ASCII characters");
            }
        }

        static boolean possible(String literal) {
            return !literal.isEmpty()
                    && literal.length() <= LONGEST
                    && literal.chars().allMatch(c -> c >= 0x20 && c <= 0x7E);
        }
    }

    /**
     * A run of bytes.
     *
     * @param bytes which
     * @param least how many there must be
     * @param most how many it takes; {@link #UNBOUNDED} for all that there are
     * @param shown whether it stays visible
     */
    public record Part(ByteClass bytes, int least, int most, boolean shown) {

        /** Takes all bytes of the class. */
        public static final int UNBOUNDED = Integer.MAX_VALUE;

        public Part {
            if (least < 0 || most < 1 || least > most) {
                throw new IllegalArgumentException(
                        "a part takes %d to %d bytes: the least must be 0 or more, and the most at least that and 1"
                                .formatted(least, most));
            }
        }

        /**
         * Exactly this text, as one part for each character.
         *
         * @param text printable ASCII
         */
        public static List<Part> text(String text, boolean shown) {
            return text.chars().mapToObj(c -> new Part(ByteClass.of(c), 1, 1, shown)).toList();
        }

        /** Whether the other part can follow only where a run of this one's bytes ends. */
        boolean endsBefore(Part next) {
            return next.least > 0 && !bytes.intersects(next.bytes);
        }
    }

    public TokenShape {
        parts = List.copyOf(parts);
        if (name.isBlank()) {
            throw new IllegalArgumentException("a shape needs a name");
        }
        requireKnownEnd(parts);
        requireOneHiddenPiece(prefix, parts);
        requireSeparatePrefixes(prefix);
        if (mostUndecided(prefix, parts) > MOST_UNDECIDED) {
            throw new IllegalArgumentException(
                    "%d bytes may have to wait until it is known whether this is a token, the most is %d"
                            .formatted(mostUndecided(prefix, parts), MOST_UNDECIDED));
        }
    }

    /**
     * Prefixes as CI servers name them: they are shown, and behind them is hidden what GitLab's
     * tokens consist of, if it is one character or more.
     */
    public static TokenShape ofPrefixes(String name, List<String> prefixes) {
        return new TokenShape(
                name,
                new Prefix(prefixes, false, ByteClass.ANY, true),
                List.of(new Part(ByteClass.parse("0-9A-Za-z._=-"), 1, Part.UNBOUNDED, false)));
    }

    boolean isPrefixesOnly() {
        return equals(ofPrefixes(name, prefix.literals()));
    }

    /** After how many bytes it is certain that this is a token or none. */
    public long mostUndecided() {
        return mostUndecided(prefix, parts);
    }

    private static long mostUndecided(Prefix prefix, List<Part> parts) {
        long bytes = prefix.literals().stream().mapToInt(String::length).max().orElse(0);
        for (Part part : parts.subList(0, parts.size() - 1)) {
            bytes += part.most();
        }
        return bytes + parts.getLast().least();
    }

    private static void requireKnownEnd(List<Part> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("has nothing behind its prefix");
        }
        if (parts.getLast().least() == 0) {
            throw new IllegalArgumentException("the last part must take at least 1 byte");
        }
        if (parts.subList(0, parts.size() - 1).stream()
                .anyMatch(part -> part.most() == Part.UNBOUNDED)) {
            throw new IllegalArgumentException("all parts but the last must have a most");
        }
    }

    private static void requireOneHiddenPiece(Prefix prefix, List<Part> parts) {
        List<Boolean> shown = new ArrayList<>(List.of(prefix.shown()));
        parts.forEach(part -> shown.add(part.shown()));
        int first = shown.indexOf(false);
        int last = shown.lastIndexOf(false);
        if (last < 1) {
            throw new IllegalArgumentException("no part is hidden");
        }
        if (shown.subList(first, last).contains(true)) {
            throw new IllegalArgumentException("something shown stands between hidden parts");
        }
        if (prefix.shown() && parts.stream().allMatch(part -> part.shown() || part.least() == 0)) {
            throw new IllegalArgumentException("what is hidden may be empty");
        }
    }

    /** So that of two hidden beginnings the one that starts first is also known first. */
    private static void requireSeparatePrefixes(Prefix prefix) {
        if (prefix.shown()) {
            return;
        }
        List<String> literals =
                prefix.literals().stream()
                        .map(text -> prefix.ignoringCase() ? text.toLowerCase(Locale.ROOT) : text)
                        .toList();
        for (int i = 0; i < literals.size(); i++) {
            for (int j = 0; j < literals.size(); j++) {
                if (i != j && literals.get(i).contains(literals.get(j))) {
                    throw new IllegalArgumentException(
                            "the hidden prefix \""
                                    + prefix.literals().get(i)
                                    + "\" contains \""
                                    + prefix.literals().get(j)
                                    + "\"; put them into two rules");
                }
            }
        }
    }
}
