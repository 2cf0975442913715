package dev.mayfly.source.gitlab;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How long to stay away after one failure after another: twice as long each time, up to a limit,
 * and never quite as long as everybody else. For one thread.
 */
final class Backoff {

    private final Duration first;
    private final Duration longest;
    private final RandomGenerator random;
    private int failures;

    /**
     * Begins without failures.
     *
     * @param first about the first pause
     * @param longest the limit of every pause
     */
    Backoff(Duration first, Duration longest, RandomGenerator random) {
        this.first = first;
        this.longest = longest;
        this.random = random;
    }

    /** Counts a failure and says how long to pause: between half and all of what is due. */
    Duration next() {
        int shift = Math.min(failures, 30);
        failures++;
        Duration due = first.multipliedBy(1L << shift);
        return jittered(due.compareTo(longest) > 0 ? longest : due);
    }

    /**
     * Counts a failure whose server said when to come again.
     *
     * @param wish null when it did not say; never waited for longer than the limit
     */
    Duration next(@Nullable Duration wish) {
        Duration own = next();
        if (wish == null || wish.compareTo(own) < 0) {
            return own;
        }
        return wish.compareTo(longest) > 0 ? longest : wish;
    }

    void reset() {
        failures = 0;
    }

    private Duration jittered(Duration due) {
        long nanos = due.toNanos();
        return Duration.ofNanos(nanos / 2 + random.nextLong(nanos / 2 + 1));
    }
}
