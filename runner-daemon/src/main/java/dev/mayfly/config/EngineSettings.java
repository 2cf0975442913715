package dev.mayfly.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The container engine.
 *
 * @param host {@code unix:///PATH} or {@code tcp://HOST:PORT}
 * @param certificates directory with those for a host over TLS, or null
 * @param callTimeout bound of one call
 * @param pullTimeout bound of fetching one image
 * @param minFreeBytes with less than this left on its disk, no job is taken
 */
public record EngineSettings(
        URI host,
        @Nullable Path certificates,
        Duration callTimeout,
        Duration pullTimeout,
        long minFreeBytes) {}
