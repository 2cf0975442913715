package dev.mayfly.artifacts.s3;

import dev.mayfly.artifacts.CacheBounds;
import dev.mayfly.job.PoolName;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What goes from the bucket: caches that were saved long ago, the oldest of those for which their
 * pool has no room, and what dead hosts have begun to upload. Safe for use by many threads.
 */
final class Eviction {

    private static final Logger LOG = LoggerFactory.getLogger(Eviction.class);

    private static final Duration BETWEEN = Duration.ofMinutes(10);

    /** Of a job that has saved a cache. */
    private static final Duration LONGEST = Duration.ofSeconds(30);

    /** Nobody uploads for so long: the writer has died. */
    private static final Duration ABANDONED = Duration.ofHours(6);

    /** A thousand objects each. */
    private static final int MOST_PAGES = 50;

    private final Bucket bucket;
    private final CacheBounds bounds;
    private final InstantSource clock;
    private final Map<PoolName, Instant> evicted = new ConcurrentHashMap<>();

    Eviction(Bucket bucket, CacheBounds bounds, InstantSource clock) {
        this.bucket = bucket;
        this.bounds = bounds;
        this.clock = clock;
    }

    /**
     * The pool's oldest caches go, now and then, after one was saved. Where that fails, the cache
     * is saved all the same.
     */
    void after(PoolName pool) throws InterruptedException {
        Instant now = clock.instant();
        if (!isDue(pool, now)) {
            return;
        }
        Instant until = now.plus(LONGEST);
        try {
            evict(pool.value() + "/", now, until);
            for (Bucket.Begun upload : bucket.begun(pool.value() + "/", now.minus(ABANDONED))) {
                if (clock.instant().isAfter(until)) {
                    return;
                }
                bucket.abort(upload);
            }
        } catch (IOException e) {
            LOG.warn("old caches are not removed pool={}: {}", pool, e.getMessage());
        }
    }

    private boolean isDue(PoolName pool, Instant now) {
        Instant last = evicted.get(pool);
        if (last != null && now.isBefore(last.plus(BETWEEN))) {
            return false;
        }
        // Of two jobs that come here together, one does it.
        return last == null
                ? evicted.putIfAbsent(pool, now) == null
                : evicted.replace(pool, last, now);
    }

    private void evict(String pool, Instant now, Instant until)
            throws IOException, InterruptedException {
        List<Bucket.Stored> all = new ArrayList<>();
        Bucket.Page page = bucket.list(pool, null);
        for (int i = 1; ; i++) {
            page.objects().stream().filter(Eviction::isCache).forEach(all::add);
            String next = page.next();
            if (next == null || i == MOST_PAGES) {
                break;
            }
            page = bucket.list(pool, next);
        }
        all.sort(Comparator.comparing(Bucket.Stored::saved).reversed());
        long room = bounds.poolBytes();
        for (Bucket.Stored one : all) {
            room -= one.bytes();
            if (room < 0 || isOld(one.saved())) {
                if (clock.instant().isAfter(until)) {
                    return;
                }
                room += one.bytes();
                bucket.delete(one.name());
                LOG.info(
                        "cache evicted object={} bytes={} age={}",
                        one.name(),
                        one.bytes(),
                        Duration.between(one.saved(), now));
            }
        }
    }

    /** Whether a cache that was saved then is to go. */
    boolean isOld(Instant saved) {
        return Duration.between(saved, clock.instant()).compareTo(bounds.unused()) > 0;
    }

    /** What others have put below a pool's name is theirs. */
    private static boolean isCache(Bucket.Stored object) {
        return object.name().matches("[^/]+/[0-9a-f]{64}/[0-9a-f]{64}");
    }
}
