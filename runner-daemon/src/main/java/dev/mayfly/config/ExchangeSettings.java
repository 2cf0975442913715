package dev.mayfly.config;

import java.net.URI;
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
     * Caches, and how much is kept of them.
     *
     * @param place where
     * @param poolBytes of each pool
     * @param entryBytes of one cache
     * @param unused how long one stays that nobody asks for
     */
    public record Cache(Place place, long poolBytes, long entryBytes, Duration unused) {}

    /** Where caches are. */
    public sealed interface Place {

        /**
         * In a directory of this host.
         *
         * @param path absolute; may not exist yet
         */
        record Directory(Path path) implements Place {}

        /**
         * In a bucket of an S3-compatible store.
         *
         * @param server how it is reached
         * @param name of the bucket
         * @param prefix how all objects' names begin, without a slash at its end; empty for none
         * @param keys by which the daemon is let in, or null for those of the AWS chain
         */
        record Bucket(Server server, String name, String prefix, @Nullable Keys keys)
                implements Place {}
    }

    /**
     * A server that speaks the S3 protocol.
     *
     * @param endpoint or null for AWS's in the region
     * @param region as the server calls it
     * @param pathStyle whether the bucket is a part of the path, not of the host's name
     * @param authorities PEM certificates of those that may sign the server's, or null for the
     *     usual ones
     * @param timeout of one request
     */
    public record Server(
            @Nullable URI endpoint,
            String region,
            boolean pathStyle,
            @Nullable Path authorities,
            Duration timeout) {}

    /**
     * Files with keys.
     *
     * @param sessionToken of temporary keys, or null for lasting ones
     */
    public record Keys(Path access, Path secret, @Nullable Path sessionToken) {}
}
