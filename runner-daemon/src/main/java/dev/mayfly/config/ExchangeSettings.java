package dev.mayfly.config;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What jobs may hand to each other.
 *
 * @param archiveBytes the largest archive of another job that is fetched
 * @param unpackedBytes what an archive may become
 * @param files of an archive, and of what a job keeps
 * @param cache where caches are, or null for nowhere
 */
public record ExchangeSettings(
        long archiveBytes, long unpackedBytes, int files, @Nullable Cache cache) {

    /**
     * Caches in a directory of this host.
     *
     * @param directory absolute; may not exist yet
     * @param poolBytes of each pool
     * @param entryBytes of one cache
     * @param unused how long one stays that nobody asks for
     */
    public record Cache(Path directory, long poolBytes, long entryBytes, Duration unused) {}
}
