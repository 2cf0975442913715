package dev.mayfly.source.gitlab;

import org.jspecify.annotations.Nullable;

/** A job that cannot be read. The message names the field, without its value. */
final class PayloadException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient @Nullable Addressee addressee;

    PayloadException(String message, @Nullable Addressee addressee) {
        super(message);
        this.addressee = addressee;
    }

    /**
     * Whose job it is, as far as that could be read.
     *
     * @param job the server's number
     * @param token of the job
     * @param server what it does beyond the usual
     * @param stamped whether each line of the job's log shall say when it was printed
     */
    record Addressee(
            long job, GitLabToken token, JobPayload.ServerFeatures server, boolean stamped) {}

    /** To whom it can be said; null when not even that could be read. */
    @Nullable Addressee addressee() {
        return addressee;
    }
}
