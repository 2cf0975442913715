package dev.mayfly.cli;

import java.util.function.IntConsumer;

/**
 * What a job printed, made harmless to show: no line of it can pass for one of Mayfly's, and on a
 * terminal it cannot do more than print, colour and draw over its own lines.
 *
 * <p>A line that begins with {@code "== "} or {@code "-- "}, escape sequences not counted, is shown
 * with {@code "| "} before it. On a terminal, of all control characters and escape sequences only
 * line feed, carriage return, tab, backspace and SGR (colours) pass; what draws over a line with
 * {@code =} or {@code -} first gets the mark too, and backspace stops before the first three
 * columns. Anywhere else bytes pass as they are.
 *
 * <p>The result does not depend on how the output is cut into pieces. Not safe for use by many
 * threads.
 */
final class JobOutput {

    private static final int LINE_FEED = '\n';
    private static final int CANCEL = 0x18;
    private static final int SUBSTITUTE = 0x1a;
    private static final int ESCAPE = 0x1b;
    private static final int BELL = 0x07;
    private static final int DELETE = 0x7f;

    /** First byte of U+0080 to U+00BF, of which the lower half are control characters. */
    private static final int BEFORE_C1 = 0xc2;

    /** Columns that tell whose line it is. */
    private static final int MARK_COLUMNS = 3;

    /** Longer than any sequence of use; what is longer is not waited for. */
    private static final int MOST_HELD = 64;

    private enum State {
        TEXT,
        /** After ESC. */
        ESCAPED,
        /** After ESC and intermediate bytes: one more ends it. */
        INTERMEDIATE,
        /** After ESC [. */
        CONTROL,
        /** In OSC, DCS, SOS, PM or APC: until BEL or ESC \. */
        STRING,
        /** In such a string, after ESC. */
        STRING_ESCAPED
    }

    private enum Line {
        /** Nothing was printed in it yet. */
        START,
        /** Something was, and it is being drawn over from the first column. */
        OVER,
        /** Its first characters are those of one of Mayfly's, up to now; they are held. */
        HELD,
        /** It is the job's, for everybody to see. */
        OWN
    }

    private final boolean terminal;
    private final IntConsumer out;
    private final byte[] held = new byte[MOST_HELD];
    private final byte[] sequence = new byte[MOST_HELD];
    private State state = State.TEXT;
    private Line line = Line.START;
    private int heldLength;
    private int first;
    private int alike;
    private int sequenceLength;
    private boolean afterC2;

    /** The least that the cursor's column can be: characters may have no width. */
    private int column;

    private boolean coloured;

    /**
     * Prepares for a job's output.
     *
     * @param terminal whether a terminal obeys what is shown
     * @param out gets what may be shown, byte by byte
     */
    JobOutput(boolean terminal, IntConsumer out) {
        this.terminal = terminal;
        this.out = out;
    }

    /** Shows what can be shown; at most the beginning of a line and a sequence are kept. */
    void write(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            accept(bytes[i] & 0xff);
        }
    }

    /**
     * Ends the line, because something else is printed next.
     *
     * @return whether colours may still be on
     */
    boolean interrupt() {
        release();
        boolean left = coloured;
        startLine();
        coloured = false;
        return left;
    }

    private void accept(int b) {
        if (b == LINE_FEED) {
            release();
            out.accept(b);
            startLine();
            return;
        }
        switch (state) {
            case TEXT -> text(b);
            case ESCAPED -> escaped(b);
            case INTERMEDIATE -> {
                part(b);
                if (b < 0x20 || b > 0x2f) {
                    endSequence(false);
                }
            }
            case CONTROL -> {
                part(b);
                if (b == CANCEL || b == SUBSTITUTE || b >= 0x40) {
                    endSequence(b == 'm' && isColour());
                } else if (b == ESCAPE) {
                    startSequence(b);
                }
            }
            case STRING -> {
                part(b);
                if (b == BELL || b == CANCEL || b == SUBSTITUTE) {
                    endSequence(false);
                } else if (b == ESCAPE) {
                    state = State.STRING_ESCAPED;
                }
            }
            case STRING_ESCAPED -> {
                if (b == '\\') {
                    part(b);
                    endSequence(false);
                } else {
                    escaped(b); // any other ESC ends the string and begins anew
                }
            }
        }
    }

    private void escaped(int b) {
        if (b == ESCAPE) {
            startSequence(b);
            return;
        }
        part(b);
        switch (b) {
            case '[' -> state = State.CONTROL;
            case ']', 'P', 'X', '^', '_' -> state = State.STRING;
            default -> {
                if (b >= 0x20 && b <= 0x2f) {
                    state = State.INTERMEDIATE;
                } else {
                    endSequence(false);
                }
            }
        }
    }

    private void startSequence(int b) {
        sequenceLength = 0;
        state = State.ESCAPED;
        part(b);
    }

    private void part(int b) {
        if (!terminal) {
            pass(b);
        } else if (sequenceLength < MOST_HELD) {
            sequence[sequenceLength++] = (byte) b;
        }
    }

    private void endSequence(boolean shown) {
        state = State.TEXT;
        if (terminal && shown) {
            coloured = true;
            for (int i = 0; i < sequenceLength; i++) {
                pass(sequence[i]);
            }
        }
    }

    private boolean isColour() {
        if (!terminal || sequenceLength == MOST_HELD) {
            return false;
        }
        for (int i = 2; i < sequenceLength - 1; i++) {
            byte b = sequence[i];
            if (!(b >= '0' && b <= '9') && b != ';' && b != ':') {
                return false;
            }
        }
        return true;
    }

    private void text(int b) {
        if (afterC2) {
            afterC2 = false;
            if (b >= 0x80 && b < 0xa0) {
                return; // a control character in two bytes
            }
            visible(BEFORE_C1);
        }
        if (b == ESCAPE) {
            startSequence(b);
        } else if (b == '\r') {
            release();
            out.accept(b);
            line = line == Line.START ? Line.START : Line.OVER;
            column = 0;
        } else if (terminal && b == '\b') {
            if (column > MARK_COLUMNS) {
                out.accept(b);
                column--;
            }
        } else if (b == '\t') {
            visible(b);
        } else if (b < 0x20 || b == DELETE) {
            if (!terminal) {
                pass(b);
            }
        } else if (terminal && b == BEFORE_C1) {
            afterC2 = true;
        } else {
            visible(b);
        }
    }

    private void visible(int b) {
        switch (line) {
            case START, OVER -> {
                if (b != '=' && b != '-') {
                    line = Line.OWN;
                    print(b);
                } else if (terminal && line == Line.OVER) {
                    // The rest of an imitation may stand there already.
                    mark();
                    print(b);
                } else {
                    line = Line.HELD;
                    first = b;
                    alike = 1;
                    hold(b);
                }
            }
            case HELD -> {
                if (alike == 1 && b == first) {
                    alike = 2;
                    hold(b);
                } else {
                    if (alike == 2 && b == ' ') {
                        mark();
                    }
                    release();
                    print(b);
                }
            }
            case OWN -> print(b);
        }
    }

    /** What has no width stays in its place among what is held. */
    private void pass(int b) {
        if (line == Line.HELD) {
            hold(b);
        } else {
            out.accept(b & 0xff);
        }
    }

    private void hold(int b) {
        if (heldLength == MOST_HELD) {
            mark();
            release();
            out.accept(b & 0xff);
        } else {
            held[heldLength++] = (byte) b;
        }
    }

    private void mark() {
        line = Line.OWN;
        print('|');
        print(' ');
    }

    private void print(int b) {
        out.accept(b);
        if (b >= 0x20 && b < DELETE) {
            column++;
        }
    }

    private void release() {
        if (afterC2) {
            afterC2 = false;
            visible(BEFORE_C1);
        }
        for (int i = 0; i < heldLength; i++) {
            out.accept(held[i] & 0xff);
        }
        column += alike;
        if (line == Line.HELD) {
            line = Line.OWN;
        }
        heldLength = 0;
        alike = 0;
    }

    private void startLine() {
        state = State.TEXT;
        line = Line.START;
        column = 0;
    }
}
