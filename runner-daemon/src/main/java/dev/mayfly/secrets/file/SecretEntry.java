package dev.mayfly.secrets.file;

import dev.mayfly.job.PoolName;
import java.time.Instant;
import java.util.Set;

/**
 * What may be said of a stored secret: everything but its value and its length.
 *
 * @param name what jobs refer to
 * @param pools whose jobs may read it; never empty
 * @param created when the name was first used
 * @param changed when the value or the pools were last set
 */
public record SecretEntry(String name, Set<PoolName> pools, Instant created, Instant changed) {

    public SecretEntry {
        pools = Set.copyOf(pools);
    }
}
