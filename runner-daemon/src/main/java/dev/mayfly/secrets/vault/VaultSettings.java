package dev.mayfly.secrets.vault;

import java.time.Duration;
import java.util.List;

/**
 * Everything that is configured of one server.
 *
 * @param connection how it is reached
 * @param credentials as whom the daemon comes
 * @param tokenLife how long a job's token, and all that it was given, outlives a daemon that is
 *     gone for good; renewed when a third is over
 * @param pools whose jobs may have something of it
 */
public record VaultSettings(
        VaultConnection connection,
        DaemonCredentials credentials,
        Duration tokenLife,
        List<PoolAccess> pools) {

    /** Long enough for a change of the server's leader, short enough for a daemon that is gone. */
    public static final Duration USUAL_TOKEN_LIFE = Duration.ofMinutes(15);

    public VaultSettings {
        pools = List.copyOf(pools);
    }

    /** With tokens of the usual life. */
    public VaultSettings(
            VaultConnection connection, DaemonCredentials credentials, List<PoolAccess> pools) {
        this(connection, credentials, USUAL_TOKEN_LIFE, pools);
    }
}
