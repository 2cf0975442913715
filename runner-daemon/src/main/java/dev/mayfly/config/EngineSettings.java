package dev.mayfly.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A container engine.
 *
 * @param host {@code unix:///PATH}, {@code tcp://HOST:PORT} or {@code
 *     ssh://[USER@]HOST[:PORT][/PATH]}
 * @param certificates directory with those for a host over TLS, or null
 * @param sshConfig what ssh is configured with in the place of the user's and the host's files, or
 *     null
 * @param callTimeout bound of one call
 * @param pullTimeout bound of fetching one image
 * @param minFreeBytes with less than this left on its disk, no job is taken
 * @param withoutLimits whether jobs may run where it cannot hold them to their limits
 */
public record EngineSettings(
        URI host,
        @Nullable Path certificates,
        @Nullable Path sshConfig,
        Duration callTimeout,
        Duration pullTimeout,
        long minFreeBytes,
        boolean withoutLimits) {

    /** Whether what is said to it crosses a network in clear. */
    public boolean insecure() {
        return "tcp".equals(host.getScheme()) && certificates == null;
    }
}
