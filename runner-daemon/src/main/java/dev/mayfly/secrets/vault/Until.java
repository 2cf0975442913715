package dev.mayfly.secrets.vault;

import java.time.Duration;

/**
 * A moment at which patience ends.
 *
 * @param nanoTime of the system's monotonic clock
 */
record Until(long nanoTime) {

    static Until in(Duration limit) {
        return new Until(System.nanoTime() + limit.toNanos());
    }

    /** Never negative. */
    Duration left() {
        return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
    }

    /** The shorter one of this and what is left. */
    Duration atMost(Duration limit) {
        Duration left = left();
        return left.compareTo(limit) < 0 ? left : limit;
    }
}
