package dev.mayfly.config;

import java.net.URI;
import java.time.Duration;

/**
 * The container engine.
 *
 * @param host {@code unix:///PATH} or {@code tcp://HOST:PORT}
 * @param callTimeout bound of one call
 * @param pullTimeout bound of fetching one image
 * @param minFreeBytes with less than this left on its disk, no job is taken
 */
public record EngineSettings(
        URI host, Duration callTimeout, Duration pullTimeout, long minFreeBytes) {}
