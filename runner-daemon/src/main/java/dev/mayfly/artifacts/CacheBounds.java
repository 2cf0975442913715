package dev.mayfly.artifacts;

import java.time.Duration;

/**
 * How much is kept of caches.
 *
 * @param poolBytes of each pool
 * @param entryBytes of one cache
 * @param unused how long one stays that is of no use to anybody
 */
public record CacheBounds(long poolBytes, long entryBytes, Duration unused) {}
