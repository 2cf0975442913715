package dev.mayfly.state;

import java.security.SecureRandom;
import java.time.Instant;

/**
 * Makes short names that sort by the time they were made: 9 letters of milliseconds, 4 of chance.
 * Unlikely to repeat, not impossible: whoever stores one must refuse a second.
 */
public final class TimeOrderedName {

    /** Crockford's alphabet: no letter that is taken for a digit, in the order of its bytes. */
    private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

    /** Nine letters of 5 bits last from here for a thousand years. */
    private static final long EPOCH_MILLIS = Instant.parse("2025-01-01T00:00:00Z").toEpochMilli();

    private static final int TIME_LETTERS = 9;
    private static final int CHANCE_LETTERS = 4;

    private static final SecureRandom CHANCE = new SecureRandom();

    private TimeOrderedName() {}

    /**
     * A new name.
     *
     * @param prefix says what is named, for example {@code j-}
     * @param now the time it is made
     */
    public static String of(String prefix, Instant now) {
        StringBuilder name = new StringBuilder(prefix);
        append(name, Math.max(0, now.toEpochMilli() - EPOCH_MILLIS), TIME_LETTERS);
        append(name, CHANCE.nextInt(1 << (5 * CHANCE_LETTERS)), CHANCE_LETTERS);
        return name.toString();
    }

    private static void append(StringBuilder name, long value, int letters) {
        for (int shift = 5 * (letters - 1); shift >= 0; shift -= 5) {
            name.append(ALPHABET.charAt((int) (value >>> shift) & 31));
        }
    }
}
