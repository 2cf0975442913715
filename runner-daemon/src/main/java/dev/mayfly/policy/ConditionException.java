package dev.mayfly.policy;

/** A condition is not one. */
public final class ConditionException extends Exception {

    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;
    private final String cure;

    ConditionException(int line, int column, String cause, String cure) {
        super(cause);
        this.line = line;
        this.column = column;
        this.cure = cure;
    }

    /** Where in the condition, counted from 1. */
    public int line() {
        return line;
    }

    /** Where in the line, counted from 1. */
    public int column() {
        return column;
    }

    /** What to write instead. */
    public String cure() {
        return cure;
    }
}
