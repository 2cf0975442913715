package dev.mayfly.source.gitlab;

import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a server says when it is told of a job.
 *
 * @param status HTTP status
 * @param jobStatus where the job is at the server, or null when it does not say
 * @param stored how many bytes of the log the server has, or null when it does not say
 * @param pause how long until the next word, or null when it does not say
 * @param problem the server's words, for our own log
 */
record JobAnswer(
        int status,
        @Nullable String jobStatus,
        @Nullable Long stored,
        @Nullable Duration pause,
        String problem) {

    /** The second number is a size and not the place of the last byte. */
    private static final Pattern RANGE = Pattern.compile("\\d+-(\\d{1,18})");

    /** The longest interval that a server may set. */
    private static final long LONGEST_SECONDS = 15 * 60;

    static JobAnswer of(Answer answer, Instant now) {
        Duration interval = interval(answer.header("X-GitLab-Trace-Update-Interval"));
        return new JobAnswer(
                answer.status(),
                answer.header("Job-Status"),
                stored(answer.header("Range")),
                interval == null ? answer.retryAfter(now) : interval,
                answer.problem());
    }

    /** Whether the job is over for the server, whatever we have to say. */
    boolean over() {
        return status == 403 || "canceled".equals(jobStatus) || "failed".equals(jobStatus);
    }

    /** Whether a user has cancelled and the job shall end in good order. */
    boolean canceling() {
        return "canceling".equals(jobStatus);
    }

    /** Whether the server has a final state for the job, ours perhaps. */
    boolean ended() {
        return "success".equals(jobStatus)
                || "failed".equals(jobStatus)
                || "canceled".equals(jobStatus);
    }

    private static @Nullable Long stored(@Nullable String range) {
        if (range == null) {
            return null;
        }
        Matcher matcher = RANGE.matcher(range.strip());
        return matcher.matches() ? Long.valueOf(matcher.group(1)) : null;
    }

    /** Fractions and other surprises do occur and count as nothing. */
    private static @Nullable Duration interval(@Nullable String seconds) {
        if (seconds == null || !seconds.matches("\\d{1,9}")) {
            return null;
        }
        long value = Math.min(LONGEST_SECONDS, Long.parseLong(seconds));
        return value == 0 ? null : Duration.ofSeconds(value);
    }
}
