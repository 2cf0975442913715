package dev.mayfly.source.gitlab;

import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What this daemon has of one runner at one server.
 *
 * @param name what the configuration calls it
 * @param server where its token is valid, and the only place it is ever sent to
 * @param runner the runner's number at the server, or null when an old server did not tell it
 * @param token what authenticates the runner
 * @param validity how long the token lasts
 */
public record Registration(
        String name,
        ServerAddress server,
        @Nullable Long runner,
        GitLabToken token,
        Validity validity) {

    /** So that a job's id, which starts with it, stays one. */
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,23}");

    /** Of its lifetime, before a token is exchanged: as gitlab-runner does. */
    private static final double USED = 0.75;

    public Registration {
        checkName(name);
    }

    /**
     * How long a token lasts.
     *
     * @param since when it was obtained, by this host's clock
     * @param until when the server ends it, or null for never
     */
    public record Validity(Instant since, @Nullable Instant until) {

        /** Whether it is time to exchange the token. */
        public boolean due(Instant now) {
            if (until == null) {
                return false;
            }
            long lifetime = Math.max(0, Duration.between(since, until).toMillis());
            return !now.isBefore(since.plusMillis((long) (lifetime * USED)));
        }
    }

    /**
     * Refuses a name that cannot be one.
     *
     * @throws IllegalArgumentException with the rule
     */
    public static void checkName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a registration's name must match "
                            + NAME.pattern()
                            + ", got \""
                            + name
                            + "\"");
        }
    }

    /** The same runner with another token. */
    Registration with(GitLabToken fresh, Validity lasting) {
        return new Registration(name, server, runner, fresh, lasting);
    }
}
