package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What came of asking for a job. */
sealed interface PollAnswer {

    /** Here is one. */
    record Assigned(JsonNode payload) implements PollAnswer {}

    /**
     * There is none.
     *
     * @param lastUpdate what to say the next time, or null to say the same again
     */
    record Nothing(@Nullable String lastUpdate) implements PollAnswer {}

    /** Somebody else was faster. */
    record Race() implements PollAnswer {}

    /** The server does not want this runner. */
    record Unwelcome(String because) implements PollAnswer {}

    /**
     * The server cannot answer now.
     *
     * @param wish when to come again, or null when it does not say
     */
    record Busy(String because, @Nullable Duration wish) implements PollAnswer {}

    static PollAnswer of(Answer answer, GitLabToken token, Instant now) {
        String problem = token.hiddenIn(answer.problem());
        return switch (answer.status()) {
            case 201 -> assigned(answer);
            case 204 -> {
                String update = answer.header("X-GitLab-Last-Update");
                yield new Nothing(update == null || update.isEmpty() ? null : update);
            }
            case 409 -> new Race();
            case 403 ->
                    new Unwelcome(
                            "the token is not valid (any more): the runner was deleted, or its"
                                    + " token was reset or has expired; register again ("
                                    + problem
                                    + ")");
            case 422 ->
                    new Unwelcome(
                            "the runner's group or project is gone; register another runner ("
                                    + problem
                                    + ")");
            default -> new Busy(problem, answer.retryAfter(now));
        };
    }

    private static PollAnswer assigned(Answer answer) {
        try {
            return new Assigned(answer.tree());
        } catch (IllegalArgumentException e) {
            return new Busy("a job came that cannot be read: " + e.getMessage(), null);
        }
    }
}
