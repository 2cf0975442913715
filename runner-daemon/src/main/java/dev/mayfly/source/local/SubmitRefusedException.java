package dev.mayfly.source.local;

/** A job was not taken, and nothing of it is kept. The message is the reason with the cure. */
public final class SubmitRefusedException extends Exception {

    private static final long serialVersionUID = 1L;

    public SubmitRefusedException(String reason) {
        super(reason);
    }
}
