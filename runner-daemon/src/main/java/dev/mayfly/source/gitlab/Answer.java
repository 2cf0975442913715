package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came back.
 *
 * @param status HTTP status
 * @param headers by lower-case name, the first of each
 * @param body all of it, bounded by the reader
 */
@SuppressWarnings("ArrayRecordComponent") // lives for one call; compared by nobody
record Answer(int status, Map<String, String> headers, byte[] body) {

    /** So that no server makes us wait for hours. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    private static final int LONGEST_PROBLEM = 300;

    Answer {
        headers = Map.copyOf(headers);
    }

    @Nullable String header(String name) {
        return headers.get(name.toLowerCase(Locale.ROOT));
    }

    /** Whether the same request can help later. */
    boolean retriable() {
        return switch (status) {
            case 408, 429, 500, 502, 503, 504 -> true;
            default -> status >= 512;
        };
    }

    boolean json() {
        String type = header("Content-Type");
        int semicolon = type == null ? -1 : type.indexOf(';');
        String media = type == null || semicolon < 0 ? type : type.substring(0, semicolon);
        return media != null && media.strip().equalsIgnoreCase("application/json");
    }

    /**
     * The body as JSON.
     *
     * @throws IllegalArgumentException when it is none, or does not say that it is
     */
    JsonNode tree() {
        if (!json()) {
            throw new IllegalArgumentException(
                    "the answer is " + header("Content-Type") + " and not application/json");
        }
        return Json.tree(body);
    }

    /**
     * How long the server asks us to stay away, at most a minute.
     *
     * @return null when it does not say
     */
    @Nullable Duration retryAfter(Instant now) {
        String reset = header("RateLimit-ResetTime");
        String after = header("Retry-After");
        try {
            if (reset != null) {
                return bounded(Duration.between(now, date(reset)));
            }
            if (after != null) {
                return bounded(
                        after.chars().allMatch(Character::isDigit)
                                ? Duration.ofSeconds(Long.parseLong(after))
                                : Duration.between(now, date(after)));
            }
        } catch (DateTimeException | NumberFormatException e) {
            return null; // the usual back-off is as good
        }
        return null;
    }

    /** What the server says went wrong, on one line, shortened. */
    String problem() {
        String said = "";
        if (json()) {
            try {
                JsonNode tree = Json.tree(body);
                JsonNode message = tree.has("message") ? tree.path("message") : tree.path("error");
                said = message.isTextual() ? message.asText() : message.toString();
            } catch (IllegalArgumentException e) {
                said = "";
            }
        }
        String line = said.replaceAll("\\p{Cntrl}+", " ").strip();
        if (line.length() > LONGEST_PROBLEM) {
            line = line.substring(0, LONGEST_PROBLEM) + "...";
        }
        String start = "HTTP status " + status;
        return line.isEmpty() || line.equals(String.valueOf(status)) ? start : start + ": " + line;
    }

    private static Duration bounded(Duration wish) {
        if (wish.isNegative()) {
            return Duration.ZERO;
        }
        return wish.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wish;
    }

    private static Instant date(String text) {
        return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
    }
}
