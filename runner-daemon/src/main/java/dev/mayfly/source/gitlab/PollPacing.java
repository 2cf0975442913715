package dev.mayfly.source.gitlab;

import java.time.Duration;

/**
 * How often a server is asked for jobs.
 *
 * @param interval from one question to the next, as long as there is no job
 * @param firstPause about the first pause after a failure
 * @param longestPause the limit of every pause
 * @param answer how long an answer may take; a server may hold a question for a minute
 */
public record PollPacing(
        Duration interval, Duration firstPause, Duration longestPause, Duration answer) {

    /** After an outage of any length, jobs come again within half a minute. */
    public static final PollPacing DEFAULT =
            new PollPacing(
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(65));
}
