package dev.mayfly.logs;

/**
 * Reads what the files of the fuzz corpus have in common. A byte stands for itself, except that
 *
 * <ul>
 *   <li>line feeds of the file are layout and mean nothing;
 *   <li>{@code ~} makes a command of the byte behind it. {@code ~~} is a tilde, {@code ~e} an
 *       escape, {@code ~n} a line feed, {@code ~r} a carriage return, {@code ~xHH} any byte; the
 *       others are the script's own.
 * </ul>
 *
 * <p>Every sequence of bytes is a script, so that no mutation is wasted on a syntax error.
 */
final class ScriptReader {

    static final int END = -1;

    /** Added to the byte behind the tilde. */
    static final int COMMAND = 256;

    private final byte[] script;
    private int position;

    ScriptReader(byte[] script) {
        this.script = script;
    }

    /** A byte of text, {@link #COMMAND} and more for a command, or {@link #END}. */
    int next() {
        int b = raw();
        if (b != '~') {
            return b;
        }
        int command = raw();
        return switch (command) {
            case END, '~' -> '~';
            case 'e' -> 0x1B;
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 'x' -> ((number() & 0x0F) << 4) | (number() & 0x0F);
            default -> COMMAND + command;
        };
    }

    /** An operand: a digit in base 36, or whatever a mutation has made of it; 0 at the end. */
    int number() {
        int b = raw();
        int digit = Character.digit(b, 36);
        return digit >= 0 ? digit : Math.max(b, 0) & 0x3F;
    }

    private int raw() {
        while (position < script.length && script[position] == '\n') {
            position++;
        }
        return position < script.length ? script[position++] & 0xFF : END;
    }
}
