package dev.mayfly.source.gitlab;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a server says about a runner. */
public sealed interface RegistrationAnswer {

    /**
     * The token is good.
     *
     * @param runner the runner's number, or null when the server did not tell it
     * @param token what authenticates the runner from now on
     * @param expires when it ends, or null for never
     */
    record Granted(@Nullable Long runner, GitLabToken token, @Nullable Instant expires)
            implements RegistrationAnswer {}

    /** What was to be removed is gone. */
    record Removed() implements RegistrationAnswer {}

    /**
     * The server said no.
     *
     * @param status HTTP status
     * @param because one sentence with the cause and, where there is one, the cure
     */
    record Refused(int status, String because) implements RegistrationAnswer {}
}
