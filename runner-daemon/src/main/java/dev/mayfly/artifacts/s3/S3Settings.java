package dev.mayfly.artifacts.s3;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A bucket, and how it is reached.
 *
 * @param place where the caches are
 * @param access as whom the daemon comes
 * @param authorities PEM certificates of those that may sign the server's, or null for the usual
 *     ones
 * @param timeout of one request; a request and its repetitions take three times as long at most
 */
public record S3Settings(Place place, Access access, @Nullable Path authorities, Duration timeout) {

    /**
     * Where the caches are.
     *
     * @param endpoint of the server, or null for AWS's in the region
     * @param prefix how all names begin, without a slash at its end; empty for the bucket's root
     * @param pathStyle whether the bucket is a part of the path, not of the host's name
     */
    public record Place(
            @Nullable URI endpoint,
            String region,
            String bucket,
            String prefix,
            boolean pathStyle) {

        /** For people. */
        String described() {
            return "s3://"
                    + bucket
                    + (prefix.isEmpty() ? "" : "/" + prefix)
                    + (endpoint == null ? " in " + region : " at " + endpoint);
        }
    }

    /** How the daemon proves who it is. */
    public sealed interface Access {

        /**
         * By keys in files, read for each request, so that they can be exchanged.
         *
         * @param sessionToken of temporary keys, or null for lasting ones
         */
        record KeyFiles(Path accessKey, Path secretKey, @Nullable Path sessionToken)
                implements Access {}

        /** As other programs for AWS do: by environment, profile, or the host's role. */
        record AwsChain() implements Access {}
    }
}
