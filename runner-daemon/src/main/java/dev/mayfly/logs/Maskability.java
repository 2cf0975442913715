package dev.mayfly.logs;

import dev.mayfly.job.SecretValue;
import java.util.Locale;

/** Whether a secret's value can be masked, decided when it is declared. Never holds the value. */
public sealed interface Maskability {

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
     * @param shortestBytes what it needs
     */
    record TooShort(String secret, int bytes, int shortestBytes) implements Maskability {
        @Override
        public String toString() {
            return "secret "
                    + secret
                    + " cannot be masked: without blanks around it, it has "
                    + bytes
                    + " bytes, fewer than "
                    + shortestBytes
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

    /** It is not masked: it is a word of ordinary text, which would become unreadable. */
    record CommonWord(String secret) implements Maskability {
        @Override
        public String toString() {
            return "secret "
                    + secret
                    + " cannot be masked: its value is a common word that logs are full of, such as"
                    + " true or password; use a random value, or an ordinary variable if it is not"
                    + " confidential";
        }
    }

    /**
     * Judges a secret.
     *
     * @param secret its name, for messages
     * @param value its value
     */
    static Maskability of(String secret, SecretValue value, Masking masking) {
        if (value.length() > LONGEST_BYTES) {
            return new TooLong(secret, value.length());
        }
        PlainForms plain = new PlainForms(value.reveal());
        String trimmed = plain.trimmed();
        if (trimmed.length() < masking.shortestBytes()) {
            return new TooShort(secret, trimmed.length(), masking.shortestBytes());
        }
        String word = PlainForms.strip(plain.unquoted(), " \t\r\n").toLowerCase(Locale.ROOT);
        return WordList.COMMON_WORDS.contains(word) ? new CommonWord(secret) : new Maskable(secret);
    }
}
