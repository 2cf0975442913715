package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The contract of {@link LogMasker} in the plainest words, over a whole text: slow, and obviously
 * right. Texts hold one byte in each character.
 */
final class NaiveMasker {

    private final String text;
    private final boolean[] hidden;

    /** For each byte the number of its interruption from 1 on, or 0 for a shown byte. */
    private final int[] interruption;

    /** The positions of the shown bytes, and what they are. */
    private final int[] shownAt;

    private final String shown;

    NaiveMasker(String text) {
        this.text = text;
        this.hidden = new boolean[text.length()];
        this.interruption = interruptions(text);
        this.shownAt = shownAt(interruption);
        this.shown = shown(text);
    }

    /**
     * A terminal's view: what interrupts is found by reading on from the start, one item after the
     * other.
     */
    private static int[] interruptions(String text) {
        int[] numbers = new int[text.length()];
        int number = 0;
        int at = 0;
        boolean lineEnded = false;
        boolean before = false;
        while (at < text.length()) {
            int length = interruptionAt(text, at);
            if (length > 0) {
                lineEnded = (before && lineEnded) || isLineEnd(text.charAt(at));
            } else if (before && lineEnded && isBlank(text.charAt(at))) {
                length = 1;
            }
            if (length == 0) {
                before = false;
                at++;
            } else {
                number += before ? 0 : 1;
                before = true;
                Arrays.fill(numbers, at, at + length, number);
                at += length;
            }
        }
        return numbers;
    }

    /** How long the line end, sequence or string is that begins here; 0 if none does. */
    private static int interruptionAt(String text, int at) {
        char c = text.charAt(at);
        if (isLineEnd(c)) {
            return 1;
        }
        if (c != 0x1B) {
            return 0;
        }
        if (at + 1 == text.length()) {
            return 1;
        }
        char second = text.charAt(at + 1);
        if (second == '[') {
            return 2 + body(text, at + 2, 62, ' ', '?', '@', '~');
        }
        if (second >= ' ' && second <= '/') {
            return 2 + body(text, at + 2, 62, ' ', '/', '0', '~');
        }
        if ("]PX^_".indexOf(second) >= 0) {
            int end = at + 2;
            while (end < text.length() && end < at + 1024) {
                char inside = text.charAt(end);
                if (isLineEnd(inside) || inside == 0x1B) {
                    return end - at;
                }
                end++;
                if (inside == 0x07) {
                    return end - at;
                }
            }
            return end - at;
        }
        return second >= '0' && second <= '~' ? 2 : 1;
    }

    /** At most so many bytes, the last of which may be a final one. */
    private static int body(
            String text,
            int from,
            int most,
            char first,
            char last,
            char finalFirst,
            char finalLast) {
        int length = 0;
        while (length < most && from + length < text.length()) {
            char c = text.charAt(from + length);
            if (c >= finalFirst && c <= finalLast) {
                return length + 1;
            }
            if (c < first || c > last) {
                return length;
            }
            length++;
        }
        return length;
    }

    private static boolean isLineEnd(char c) {
        return c == '\n' || c == '\r';
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static int[] shownAt(int[] interruption) {
        return IntStream.range(0, interruption.length).filter(i -> interruption[i] == 0).toArray();
    }

    /** A text without its interruptions. */
    static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        for (int position : shownAt(interruptions(text))) {
            shown.append(text.charAt(position));
        }
        return shown.toString();
    }

    /** Hides every occurrence of every secret that starts at {@code from} or behind it. */
    NaiveMasker hide(List<String> secrets, int from) {
        for (String secret : secrets) {
            hideRaw(secret, from);
            String seen = shown(secret);
            if (!seen.equals(secret) && seen.length() < SecretPatterns.LEAST_SEEN_BYTES) {
                continue;
            }
            hideRaw(seen, from);
            for (int at = shown.indexOf(seen); at >= 0; at = shown.indexOf(seen, at + 1)) {
                int first = shownAt[at];
                int end = shownAt[at + seen.length() - 1] + 1;
                if (first >= from && end - first - seen.length() <= Interruptions.MOST_BYTES) {
                    Arrays.fill(hidden, hiddenFrom(at, end), end, true);
                }
            }
        }
        return this;
    }

    /** Hides what another one of the same text hides at {@code from} or behind it. */
    NaiveMasker hideSame(NaiveMasker other, int from) {
        for (int i = from; i < text.length(); i++) {
            hidden[i] |= other.hidden[i];
        }
        return this;
    }

    private void hideRaw(String secret, int from) {
        for (int at = text.indexOf(secret, from); at >= 0; at = text.indexOf(secret, at + 1)) {
            Arrays.fill(hidden, at, at + secret.length(), true);
        }
    }

    /**
     * Where hiding begins for something that begins at this shown byte: there, or behind the last
     * line end that came too soon.
     *
     * @param before interruptions that end before this position count
     */
    private int hiddenFrom(int shownByte, int before) {
        int from = shownAt[shownByte];
        for (int i = shownByte; i < Math.min(shownByte + 3, shownAt.length); i++) {
            int end = shownAt[i] + 1;
            boolean lineEnd = false;
            while (end < before && interruption[end] > 0) {
                lineEnd |= isLineEnd(text.charAt(end));
                end++;
            }
            if (lineEnd && !full(shownAt[i])) {
                from = end;
            }
        }
        return from;
    }

    /** Whether the line up to this shown byte ends with so many shown bytes without a blank. */
    private boolean full(int last) {
        int count = 0;
        for (int i = last; i >= 0 && count < Interruptions.FULL_LINE; i--) {
            if (interruption[i] > 0 ? isLineEnd(text.charAt(i)) : text.charAt(i) <= ' ') {
                return false;
            }
            count += interruption[i] > 0 ? 0 : 1;
        }
        return count == Interruptions.FULL_LINE;
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

    /** How many bytes at the text's end may still become hidden: those must be held back. */
    static int open(String text, List<String> secrets) {
        NaiveMasker masker = new NaiveMasker(text);
        int open = text.length();
        for (String secret : secrets) {
            String seen = shown(secret);
            if (!seen.equals(secret)) {
                open = Math.min(open, masker.openRaw(secret, true));
            }
            if (seen.equals(secret) || seen.length() >= SecretPatterns.LEAST_SEEN_BYTES) {
                // What begins with a shown byte is seen.
                open = Math.min(open, masker.openRaw(seen, false));
                open = Math.min(open, masker.openSeen(seen));
            }
        }
        return text.length() - open;
    }

    private int openRaw(String secret, boolean anywhere) {
        int first = Math.max(0, text.length() - secret.length() + 1);
        for (int from = first; from < text.length(); from++) {
            if ((anywhere || interruption[from] > 0) && secret.startsWith(text.substring(from))) {
                return from;
            }
        }
        return text.length();
    }

    private int openSeen(String seen) {
        for (int at = Math.max(0, shown.length() - seen.length() + 1); at < shown.length(); at++) {
            int from = shownAt[at];
            boolean bounded =
                    text.length() - from - (shown.length() - at) <= Interruptions.MOST_BYTES;
            if (bounded && seen.startsWith(shown.substring(at))) {
                return hiddenFrom(at, text.length());
            }
        }
        return text.length();
    }

    static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }
}
