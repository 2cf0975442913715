package dev.mayfly.migration;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A runner's token, which belongs into a registration, never into a configuration.
 *
 * @param name what the new configuration calls the runner
 * @param url of the server
 * @param runner the runner's number at the server, or null
 * @param value the token; not shown
 * @param since when it was obtained, or null where the file does not say
 * @param until when it ends, or null for never
 */
public record RunnerToken(
        String name,
        String url,
        @Nullable Long runner,
        String value,
        @Nullable Instant since,
        @Nullable Instant until) {

    /** Leaves the token out. */
    @Override
    public String toString() {
        return "RunnerToken[" + name + "]";
    }
}
