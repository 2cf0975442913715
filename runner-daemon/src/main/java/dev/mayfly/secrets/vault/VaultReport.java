package dev.mayfly.secrets.vault;

import java.time.Duration;
import java.util.List;

/**
 * What a person wants to know of a server.
 *
 * @param trouble why it cannot be used, or empty
 * @param version of the server, or empty when it does not say
 * @param tooOldFor the oldest version that has no known hole, when this one is older; or empty
 * @param clockAhead how far the server's clock is before this host's
 * @param missing rights that the daemon needs and does not have
 * @param excess paths of jobs' secrets that the daemon could read itself, which it should not
 */
public record VaultReport(
        String trouble,
        String version,
        String tooOldFor,
        Duration clockAhead,
        List<String> missing,
        List<String> excess) {
    public VaultReport {
        missing = List.copyOf(missing);
        excess = List.copyOf(excess);
    }
}
