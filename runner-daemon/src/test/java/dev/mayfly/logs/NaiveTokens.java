package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The contract of {@link TokenMasker} in the plainest words, over a whole text: tries each shape at
 * each place. Slow, and obviously right. Texts hold one byte in each character.
 */
final class NaiveTokens {

    private final String text;
    private final List<TokenShape> shapes;
    private final List<Found> found = new ArrayList<>();

    /** Where the first byte is that is undecided if the text goes on. */
    private int open;

    /** A token: what of it is hidden, and with which byte it became certain. */
    private record Found(int shape, int hideFrom, int hideTo, int certainAt) {}

    NaiveTokens(String text, List<TokenShape> shapes) {
        this.text = text;
        this.shapes = shapes;
        this.open = text.length();
        for (int shape = 0; shape < shapes.size(); shape++) {
            for (String literal : shapes.get(shape).prefix().literals()) {
                for (int start = 0; start < text.length(); start++) {
                    tryAt(shape, literal, start);
                }
            }
        }
        found.sort(
                Comparator.comparingInt(Found::certainAt)
                        .thenComparingInt(Found::shape)
                        .thenComparingInt(Found::hideFrom));
    }

    private void tryAt(int number, String literal, int start) {
        TokenShape shape = shapes.get(number);
        if (!shape.prefix().after().contains(start == 0 ? '\n' : text.charAt(start - 1))) {
            return;
        }
        int hideFrom = shape.prefix().shown() ? -1 : start;
        for (int i = 0; i < literal.length(); i++) {
            if (start + i == text.length()) {
                undecidedFrom(hideFrom);
                return;
            }
            if (!same(literal.charAt(i), text.charAt(start + i), shape.prefix().ignoringCase())) {
                return;
            }
        }
        tryParts(number, start + literal.length(), hideFrom);
    }

    private void tryParts(int number, int behindPrefix, int hideFromPrefix) {
        List<TokenShape.Part> parts = shapes.get(number).parts();
        int at = behindPrefix;
        int hideFrom = hideFromPrefix;
        int hideTo = -1;
        for (int i = 0; i < parts.size(); i++) {
            TokenShape.Part part = parts.get(i);
            if (!part.shown() && hideFrom < 0) {
                hideFrom = at;
            }
            if (part.shown() && hideFrom >= 0 && hideTo < 0) {
                hideTo = at;
            }
            int begin = at;
            while (at < text.length()
                    && at - begin < part.most()
                    && part.bytes().contains(text.charAt(at))) {
                at++;
            }
            boolean last = i == parts.size() - 1;
            boolean more = at == text.length() && at - begin < part.most();
            if (last && at - begin >= part.least()) {
                found.add(
                        new Found(
                                number, hideFrom, hideTo < 0 ? at : hideTo, begin + part.least()));
            } else if (more) {
                undecidedFrom(hideFrom);
                return;
            } else if (at - begin < part.least()) {
                return;
            }
        }
    }

    private void undecidedFrom(int position) {
        if (position >= 0) {
            open = Math.min(open, position);
        }
    }

    private static boolean same(char expected, char actual, boolean ignoringCase) {
        boolean letters = expected < 0x80 && actual < 0x80 && Character.isLetter(expected);
        return expected == actual
                || (ignoringCase
                        && letters
                        && Character.toLowerCase(expected) == Character.toLowerCase(actual));
    }

    /** The text with a mark for each run, and a {@code |} before the byte at each position. */
    String masked(List<Integer> bars) {
        boolean[] hidden = hidden();
        StringBuilder masked = new StringBuilder();
        for (int i = 0; i <= text.length(); i++) {
            for (int bar : bars) {
                if (bar == i) {
                    masked.append('|');
                }
            }
            if (i < text.length()) {
                if (!hidden[i]) {
                    masked.append(text.charAt(i));
                } else if (i == 0 || !hidden[i - 1]) {
                    masked.append(LogMasker.MARK);
                }
            }
        }
        return masked.toString();
    }

    /** How many bytes are undecided at the end of the text: those behind hidden ones are not. */
    int held() {
        boolean[] hidden = hidden();
        int from = open;
        while (from < text.length() && hidden[from]) {
            from++;
        }
        return text.length() - from;
    }

    Map<String, Long> hits() {
        Map<String, Long> hits = new LinkedHashMap<>();
        shapes.forEach(shape -> hits.put(shape.name(), 0L));
        for (int i = 0; i < found.size(); i++) {
            Found token = found.get(i);
            int covered = 0;
            for (Found earlier : found.subList(0, i)) {
                if (earlier.shape() == token.shape()) {
                    covered = Math.max(covered, earlier.hideTo());
                }
            }
            if (token.hideFrom() >= covered) {
                hits.merge(shapes.get(token.shape()).name(), 1L, Long::sum);
            }
        }
        hits.values().removeIf(count -> count == 0);
        return hits;
    }

    private boolean[] hidden() {
        boolean[] hidden = new boolean[text.length()];
        for (Found token : found) {
            for (int i = token.hideFrom(); i < token.hideTo(); i++) {
                hidden[i] = true;
            }
        }
        return hidden;
    }
}
