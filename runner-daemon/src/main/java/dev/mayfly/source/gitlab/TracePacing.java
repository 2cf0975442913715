package dev.mayfly.source.gitlab;

import java.time.Duration;

/**
 * How often a running job is heard of at the server.
 *
 * @param interval between pieces of the log, as long as the server wishes no other
 * @param longest the longest interval that a server may wish, and the longest pause after a failure
 * @param touch the longest time without a word: what a cancellation waits for at most
 * @param retry about the first pause after a failure
 * @param patience how long an unreachable server is told the end of a job
 */
public record TracePacing(
        Duration interval, Duration longest, Duration touch, Duration retry, Duration patience) {

    /**
     * Some ten calls a minute for a silent job; a server allows 200. After a day GitLab has long
     * given the job an end of its own.
     */
    public static final TracePacing DEFAULT =
            new TracePacing(
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(1),
                    Duration.ofHours(24));

    Duration bounded(Duration wish) {
        return wish.compareTo(longest) > 0 ? longest : wish;
    }
}
