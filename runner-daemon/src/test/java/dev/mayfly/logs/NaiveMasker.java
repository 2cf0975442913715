package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;

/**
 * The contract of {@link LogMasker} in the plainest words, over a whole text: slow, and obviously
 * right. Texts hold one byte in each character.
 */
final class NaiveMasker {

    private final String text;
    private final boolean[] hidden;

    NaiveMasker(String text) {
        this.text = text;
        this.hidden = new boolean[text.length()];
    }

    /** Hides every occurrence of every secret that starts at {@code from} or behind it. */
    NaiveMasker hide(List<String> secrets, int from) {
        for (String secret : secrets) {
            for (int at = text.indexOf(secret, from); at >= 0; at = text.indexOf(secret, at + 1)) {
                for (int i = at; i < at + secret.length(); i++) {
                    hidden[i] = true;
                }
            }
        }
        return this;
    }

    static String mask(String text, List<String> secrets) {
        return new NaiveMasker(text).hide(secrets, 0).masked(List.of());
    }

    /**
     * The text with a mark for each run, and with a {@code |} before the byte at each of these
     * positions.
     */
    String masked(List<Integer> bars) {
        StringBuilder masked = new StringBuilder();
        for (int i = 0; i <= text.length(); i++) {
            for (int bar : bars) {
                if (bar == i) {
                    masked.append('|');
                }
            }
            if (i == text.length()) {
                break;
            }
            if (!hidden[i]) {
                masked.append(text.charAt(i));
            } else if (i == 0 || !hidden[i - 1]) {
                masked.append(LogMasker.MARK);
            }
        }
        return masked.toString();
    }

    /** How long the longest end of the text is that some secret begins with, but is longer. */
    static int longestBeginning(String text, List<String> secrets) {
        for (int length = text.length(); length > 0; length--) {
            String end = text.substring(text.length() - length);
            for (String secret : secrets) {
                if (secret.length() > length && secret.startsWith(end)) {
                    return length;
                }
            }
        }
        return 0;
    }

    static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }
}
