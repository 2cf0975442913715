package dev.mayfly.artifacts;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A pattern of paths, as pipelines write them: {@code *} is any part of a name, {@code ?} one
 * character, {@code [a-z]} one of several, <code>{a,b}</code> one text or another, {@code **} as a
 * whole name any number of directories, and a backslash takes a character as it is.
 *
 * <p>Patterns come from a job's author and are matched in the daemon, so the time is bounded by the
 * product of the lengths: nothing is tried twice.
 */
final class Glob {

    /** Braces in braces multiply. */
    private static final int MOST_ALTERNATIVES = 1000;

    /** A path is not longer in Linux either. */
    private static final int LONGEST = 4096;

    private static final String ANY_DEPTH = "**";

    private final List<List<String>> alternatives;

    private Glob(List<List<String>> alternatives) {
        this.alternatives = alternatives;
    }

    /**
     * Reads a pattern.
     *
     * @param pattern relative to the directory that the paths are relative to
     * @throws IllegalArgumentException saying what is wrong with it
     */
    static Glob of(String pattern) {
        if (pattern.length() > LONGEST) {
            throw new IllegalArgumentException("it is longer than " + LONGEST + " characters");
        }
        List<String> texts = new ArrayList<>();
        expand("", pattern, texts);
        List<List<String>> alternatives = new ArrayList<>();
        for (String text : texts) {
            List<String> names = new ArrayList<>();
            for (String name : text.split("/", -1)) {
                if (!name.isEmpty() && !name.equals(".")) {
                    requireClosedClasses(name);
                    names.add(name);
                }
            }
            alternatives.add(names);
        }
        return new Glob(alternatives);
    }

    /** Whether the pattern means this very path. */
    boolean matches(String path) {
        return matches(path, false);
    }

    /** Whether the pattern means this path, or a directory that it is in. */
    boolean matchesOrHolds(String path) {
        return matches(path, true);
    }

    private boolean matches(String path, boolean whatIsInside) {
        String[] names = path.split("/", -1);
        for (List<String> pattern : alternatives) {
            if (matches(pattern, names, whatIsInside)) {
                return true;
            }
        }
        return false;
    }

    /** Follows all ways through the pattern at once; bit i: its first i names are used up. */
    private static boolean matches(List<String> pattern, String[] names, boolean whatIsInside) {
        BitSet reached = new BitSet(pattern.size() + 1);
        reached.set(0);
        skipAnyDepth(pattern, reached);
        if (whatIsInside && reached.get(pattern.size())) {
            return true; // the directory itself is meant, and so is everything
        }
        for (String name : names) {
            BitSet next = new BitSet(pattern.size() + 1);
            for (int i = reached.nextSetBit(0);
                    i >= 0 && i < pattern.size();
                    i = reached.nextSetBit(i + 1)) {
                if (pattern.get(i).equals(ANY_DEPTH)) {
                    next.set(i);
                } else if (nameMatches(pattern.get(i), name)) {
                    next.set(i + 1);
                }
            }
            skipAnyDepth(pattern, next);
            reached = next;
            if (whatIsInside && reached.get(pattern.size())) {
                return true;
            }
        }
        return reached.get(pattern.size());
    }

    private static void skipAnyDepth(List<String> pattern, BitSet reached) {
        for (int i = reached.nextSetBit(0); i >= 0; i = reached.nextSetBit(i + 1)) {
            if (i < pattern.size() && pattern.get(i).equals(ANY_DEPTH)) {
                reached.set(i + 1);
            }
        }
    }

    private static boolean nameMatches(String pattern, String name) {
        int p = 0;
        int n = 0;
        int star = -1;
        int starName = 0;
        while (n < name.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = ++p;
                starName = n;
                continue;
            }
            int length = p < pattern.length() ? unitLength(pattern, p) : 0;
            int codePoint = name.codePointAt(n);
            if (length > 0 && unitMatches(pattern, p, length, codePoint)) {
                p += length;
                n += Character.charCount(codePoint);
            } else if (star >= 0) {
                starName += Character.charCount(name.codePointAt(starName));
                n = starName;
                p = star;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }

    /** Of what stands for one character. */
    private static int unitLength(String pattern, int at) {
        return switch (pattern.charAt(at)) {
            case '\\' ->
                    at + 1 < pattern.length()
                            ? 1 + Character.charCount(pattern.codePointAt(at + 1))
                            : 1;
            case '[' -> classEnd(pattern, at) - at;
            default -> Character.charCount(pattern.codePointAt(at));
        };
    }

    private static boolean unitMatches(String pattern, int at, int length, int codePoint) {
        return switch (pattern.charAt(at)) {
            case '?' -> true;
            case '\\' -> length == 1 ? codePoint == '\\' : pattern.codePointAt(at + 1) == codePoint;
            case '[' -> classMatches(pattern, at + 1, at + length - 1, codePoint);
            default -> pattern.codePointAt(at) == codePoint;
        };
    }

    private static boolean classMatches(String pattern, int from, int to, int codePoint) {
        int i = from;
        boolean negated = pattern.charAt(i) == '^' || pattern.charAt(i) == '!';
        if (negated) {
            i++;
        }
        boolean found = false;
        while (i < to) {
            if (pattern.charAt(i) == '\\' && i + 1 < to) {
                i++;
            }
            int low = pattern.codePointAt(i);
            i += Character.charCount(low);
            int high = low;
            if (i + 1 < to && pattern.charAt(i) == '-') {
                i++;
                if (pattern.charAt(i) == '\\' && i + 1 < to) {
                    i++;
                }
                high = pattern.codePointAt(i);
                i += Character.charCount(high);
            }
            found |= low <= codePoint && codePoint <= high;
        }
        return found != negated;
    }

    /** The place behind the bracket that closes the class at {@code at}, or -1. */
    private static int classEnd(String pattern, int at) {
        int i = at + 1;
        if (i < pattern.length() && (pattern.charAt(i) == '^' || pattern.charAt(i) == '!')) {
            i++;
        }
        int first = i;
        while (i < pattern.length()) {
            if (pattern.charAt(i) == '\\') {
                i++;
            } else if (pattern.charAt(i) == ']' && i > first) {
                return i + 1;
            }
            i++;
        }
        return -1;
    }

    private static void requireClosedClasses(String name) {
        for (int i = 0; i < name.length(); i += Math.max(1, unitLength(name, i))) {
            if (name.charAt(i) == '[' && classEnd(name, i) < 0) {
                throw new IllegalArgumentException("[ without ]");
            }
        }
    }

    /** Writes out what the braces of a pattern stand for. */
    private static void expand(String before, String rest, List<String> into) {
        int open = unescaped(rest, '{', 0);
        if (open < 0) {
            if (into.size() == MOST_ALTERNATIVES) {
                throw new IllegalArgumentException(
                        "its braces stand for more than " + MOST_ALTERNATIVES + " patterns");
            }
            into.add(before + rest);
            return;
        }
        int depth = 0;
        int start = open + 1;
        List<String> choices = new ArrayList<>();
        for (int i = open; i < rest.length(); i++) {
            char c = rest.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '{') {
                depth++;
            } else if (depth == 1 && (c == ',' || c == '}')) {
                choices.add(rest.substring(start, i));
                start = i + 1;
            }
            if (c == '}' && --depth == 0) {
                for (String choice : choices) {
                    expand(before + rest.substring(0, open), choice + rest.substring(i + 1), into);
                }
                return;
            }
        }
        throw new IllegalArgumentException("{ without }");
    }

    private static int unescaped(String text, char wanted, int from) {
        for (int i = from; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == wanted) {
                return i;
            }
        }
        return -1;
    }
}
