package dev.mayfly.logs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Tells, byte by byte, what a terminal shows of a stream from what only interrupts it.
 *
 * <p>An interruption is any number of these, one behind the other:
 *
 * <ul>
 *   <li>a carriage return or line feed, with the blanks and tabs behind it;
 *   <li>an escape sequence (ECMA-48): {@code ESC [} with its parameters and final byte, at most
 *       {@link #LONGEST_SEQUENCE} bytes; {@code ESC} with intermediate bytes and a final one;
 *       {@code ESC} with one byte;
 *   <li>a control string, such as a link or a title: {@code ESC ]}, {@code P}, {@code X}, {@code ^}
 *       or {@code _} up to {@code BEL}, {@code ESC \}, a line end, or {@link #LONGEST_STRING}
 *       bytes.
 * </ul>
 *
 * <p>A byte that does not fit ends a sequence and is text itself. So each byte is classified when
 * it comes, and the result does not depend on writes.
 */
final class TerminalText {

    /** Bytes of an escape sequence; what comes behind them is text. */
    static final int LONGEST_SEQUENCE = 64;

    /** Bytes of a control string; what comes behind them is text. */
    static final int LONGEST_STRING = 1024;

    /** What {@link #copyText} may write beyond the text. */
    static final int COPY_SLACK = 2 * Long.BYTES;

    private static final byte ESCAPE = 0x1B;
    private static final byte BELL = 0x07;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH = 0x8080808080808080L;
    private static final long UPPER_THREE = 0xE0E0E0E0E0E0E0E0L;
    private static final long BLANKS = 0x2020202020202020L;

    /** Added to a byte below 0x80, sets its high bit if it is above a blank. */
    private static final long ABOVE_BLANK = 0x5F5F5F5F5F5F5F5FL;

    private enum Place {
        TEXT,
        /** Behind a line end: blanks still belong to it. */
        LINE_START,
        ESCAPED,
        SEQUENCE,
        INTERMEDIATE,
        STRING
    }

    private Place place = Place.TEXT;
    private boolean lineEnded;
    private int length;

    /** What comes next is the beginning of a text. */
    void reset() {
        place = Place.TEXT;
        lineEnded = false;
    }

    /** Whether the next byte is text unless it begins an interruption. */
    boolean inText() {
        return place == Place.TEXT;
    }

    /** Whether the interruption that goes on, or has just ended, has a line end. */
    boolean lineEnded() {
        return lineEnded;
    }

    /**
     * Copies bytes up to the first one that begins an interruption.
     *
     * @param target has room for all of them at {@code at}, and for {@value #COPY_SLACK} more
     * @return the index of the first byte not copied, or {@code to}
     */
    static int copyText(byte[] bytes, int from, int to, byte[] target, int at) {
        int shift = at - from;
        int i = from;
        while (i + 2 * Long.BYTES <= to) {
            long eight = (long) LONG.get(bytes, i);
            long more = (long) LONG.get(bytes, i + Long.BYTES);
            LONG.set(target, i + shift, eight);
            LONG.set(target, i + shift + Long.BYTES, more);
            long controls = (eight - BLANKS) & ~eight & HIGH;
            long moreControls = (more - BLANKS) & ~more & HIGH;
            if ((controls | moreControls) == 0) {
                i += 2 * Long.BYTES;
                continue;
            }
            i +=
                    controls != 0
                            ? Long.numberOfTrailingZeros(controls) >>> 3
                            : Long.BYTES + (Long.numberOfTrailingZeros(moreControls) >>> 3);
            if (interrupts(bytes[i])) {
                return i;
            }
            i++;
        }
        while (i < to && !interrupts(bytes[i])) {
            target[i + shift] = bytes[i];
            i++;
        }
        return i;
    }

    /**
     * How many bytes without a blank or control character a text ends with.
     *
     * @param most no more are counted
     */
    static int unbroken(byte[] bytes, int from, int to, int most) {
        int i = to;
        int first = Math.max(from, to - most);
        while (i - Long.BYTES >= first) {
            long eight = (long) LONG.get(bytes, i - Long.BYTES);
            // No byte carries into the next one, so the highest bit is right as well.
            long blanks = ~(((eight & ~HIGH) + ABOVE_BLANK) | eight) & HIGH;
            if (blanks != 0) {
                return to - i + (Long.numberOfLeadingZeros(blanks) >>> 3);
            }
            i -= Long.BYTES;
        }
        while (i > first && (bytes[i - 1] & 0xFF) > ' ') {
            i--;
        }
        return to - i;
    }

    static boolean isLineEnd(byte b) {
        return b == '\n' || b == '\r';
    }

    private static boolean interrupts(byte b) {
        return b == ESCAPE || isLineEnd(b);
    }

    /**
     * Goes on with an interruption, or begins one: the index of the first text byte, or {@code to}.
     */
    int textAt(byte[] bytes, int from, int to) {
        if (place == Place.TEXT) {
            lineEnded = false;
        }
        int i = from;
        while (i < to) {
            if (place == Place.STRING) {
                i = insideString(bytes, i, to);
            }
            if (i < to && !isInterruption(bytes[i])) {
                return i;
            }
            i++;
        }
        return to;
    }

    /**
     * The end of an interruption of line ends, the blanks behind them, and escape sequences with
     * parameters: so are nearly all.
     *
     * @return {@code from} if it has something else, or if more may follow
     */
    int usualInterruption(byte[] bytes, int from, int to) {
        boolean hasLineEnd = false;
        int end = from;
        while (end + 2 + Long.BYTES < to) {
            byte b = bytes[end];
            if (b == ESCAPE) {
                int behind = behindSequence(bytes, end);
                if (behind == end) {
                    return from;
                }
                end = behind;
            } else if (isLineEnd(b)) {
                hasLineEnd = true;
                end++;
            } else if (hasLineEnd && (b == ' ' || b == '\t')) {
                end++;
            } else {
                lineEnded = hasLineEnd;
                return end;
            }
        }
        return from;
    }

    /**
     * The end of an escape sequence with few parameters, or of two bytes; {@code from} if it is
     * another one.
     */
    private static int behindSequence(byte[] bytes, int from) {
        if (bytes[from + 1] != '[') {
            return isAlone(bytes[from + 1]) ? from + 2 : from;
        }
        long eight = (long) LONG.get(bytes, from + 2);
        // Parameters are those bytes whose upper three bits are a blank's.
        long others = (eight & UPPER_THREE) ^ BLANKS;
        int last = from + 2 + (Long.numberOfTrailingZeros(others) >>> 3);
        return others != 0 && bytes[last] >= '@' && bytes[last] < 0x7F ? last + 1 : from;
    }

    /** Where a control string may end, or {@code to}. */
    private int insideString(byte[] bytes, int from, int to) {
        int end = Math.min(to, from + LONGEST_STRING - length);
        int i = from;
        while (i < end && bytes[i] != BELL && !interrupts(bytes[i])) {
            i++;
        }
        length += i - from;
        return i;
    }

    private boolean isInterruption(byte b) {
        if (b == ESCAPE) {
            place = Place.ESCAPED;
            length = 1;
            return true;
        }
        if (isLineEnd(b)) {
            place = Place.LINE_START;
            lineEnded = true;
            return true;
        }
        length++;
        boolean fits =
                switch (place) {
                    case TEXT, LINE_START -> false;
                    case ESCAPED -> fitsBehindEscape(b);
                    case SEQUENCE -> fitsInSequence(b, '?');
                    case INTERMEDIATE -> fitsInSequence(b, '/');
                    case STRING -> fitsInString(b);
                };
        if (fits) {
            return true;
        }
        if (lineEnded && (b == ' ' || b == '\t')) {
            place = Place.LINE_START;
            return true;
        }
        place = Place.TEXT;
        return false;
    }

    private boolean fitsBehindEscape(byte b) {
        if (b < ' ' || b == 0x7F) {
            return false;
        }
        if (isAlone(b)) {
            leave();
        } else if (b <= '/') {
            place = Place.INTERMEDIATE;
        } else {
            place = b == '[' ? Place.SEQUENCE : Place.STRING;
        }
        return true;
    }

    /** Whether a byte behind {@code ESC} makes a sequence of the two. */
    private static boolean isAlone(byte b) {
        return switch (b) {
            case '[', ']', 'P', 'X', '^', '_' -> false;
            default -> b > '/' && b < 0x7F;
        };
    }

    private boolean fitsInSequence(byte b, char lastOfInside) {
        if (b < ' ' || b == 0x7F || length > LONGEST_SEQUENCE) {
            return false;
        }
        if (b > lastOfInside) {
            leave();
        }
        return true;
    }

    private boolean fitsInString(byte b) {
        if (length > LONGEST_STRING) {
            return false;
        }
        if (b == BELL) {
            leave();
        }
        return true;
    }

    private void leave() {
        place = lineEnded ? Place.LINE_START : Place.TEXT;
    }

    /**
     * A text without its interruptions.
     *
     * @return the array itself if it has none
     */
    static byte[] shown(byte[] bytes) {
        byte[] shown = new byte[bytes.length + COPY_SLACK];
        int i = copyText(bytes, 0, bytes.length, shown, 0);
        if (i == bytes.length) {
            return bytes;
        }
        int length = i;
        TerminalText text = new TerminalText();
        while (i < bytes.length) {
            int from = text.textAt(bytes, i, bytes.length);
            i = copyText(bytes, from, bytes.length, shown, length);
            length += i - from;
        }
        return Arrays.copyOf(shown, length);
    }
}
