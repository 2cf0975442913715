package dev.mayfly.secrets.vault;

import java.util.List;

/**
 * Everything that is configured of one server.
 *
 * @param connection how it is reached
 * @param credentials as whom the daemon comes
 * @param pools whose jobs may have something of it
 */
public record VaultSettings(
        VaultConnection connection, DaemonCredentials credentials, List<PoolAccess> pools) {
    public VaultSettings {
        pools = List.copyOf(pools);
    }
}
