package dev.mayfly.logs;

import dev.mayfly.job.SecretValue;

/** Whether a secret's value can be masked, decided when it is declared. Never holds the value. */
public sealed interface Maskability {

    /** Shorter values stand in ordinary text by chance, and masking them makes logs unreadable. */
    int SHORTEST_BYTES = 6;

    /** Longer values would make the automaton too big: it grows with all forms of a value. */
    int LONGEST_BYTES = 64 * 1024;

    /** The secret's name. */
    String secret();

    /** All its forms are masked. */
    record Maskable(String secret) implements Maskability {}

    /**
     * It is not masked.
     *
     * @param bytes its length without blanks around it
     */
    record TooShort(String secret, int bytes) implements Maskability {
        @Override
        public String toString() {
            return "secret "
                    + secret
                    + " cannot be masked: without blanks around it, it has "
                    + bytes
                    + " bytes, fewer than "
                    + SHORTEST_BYTES
                    + "; use a longer value";
        }
    }

    /**
     * It is not masked.
     *
     * @param bytes its length
     */
    record TooLong(String secret, int bytes) implements Maskability {
        @Override
        public String toString() {
            return "secret "
                    + secret
                    + " cannot be masked: it has "
                    + bytes
                    + " bytes, more than "
                    + LONGEST_BYTES
                    + "; make only the confidential part the secret";
        }
    }

    /**
     * Judges a secret.
     *
     * @param secret its name, for messages
     * @param value its value
     */
    static Maskability of(String secret, SecretValue value) {
        if (value.length() > LONGEST_BYTES) {
            return new TooLong(secret, value.length());
        }
        int trimmed = new PlainForms(value.reveal()).trimmed().length();
        return trimmed < SHORTEST_BYTES ? new TooShort(secret, trimmed) : new Maskable(secret);
    }
}
