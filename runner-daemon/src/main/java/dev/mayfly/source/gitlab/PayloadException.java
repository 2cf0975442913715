package dev.mayfly.source.gitlab;

import org.jspecify.annotations.Nullable;

/** A job that cannot be read. The message names the field, without its value. */
final class PayloadException extends Exception {

    private static final long serialVersionUID = 1L;

    /** Whose job it is, as far as that could be read: enough to tell the server. */
    private final @Nullable Long job;

    private final transient @Nullable GitLabToken token;

    PayloadException(String message, @Nullable Long job, @Nullable GitLabToken token) {
        super(message);
        this.job = job;
        this.token = token;
    }

    @Nullable Long job() {
        return job;
    }

    @Nullable GitLabToken token() {
        return token;
    }
}
