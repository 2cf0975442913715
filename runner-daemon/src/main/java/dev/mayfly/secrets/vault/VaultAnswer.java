package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a server answered. Prints as its status: the rest may be secret.
 *
 * @param status of HTTP
 * @param body JSON; an empty object where there was none
 * @param retryAfter how long the server wants to be left alone, or zero
 */
record VaultAnswer(int status, JsonNode body, Duration retryAfter) {

    private static final int MOST_TEXT = 300;

    boolean succeeded() {
        return status >= 200 && status < 300;
    }

    JsonNode data() {
        return body.path("data");
    }

    JsonNode auth() {
        return body.path("auth");
    }

    /** What the server's own audit log calls the request, or empty. */
    String requestId() {
        return body.path("request_id").asText("");
    }

    String leaseId() {
        return body.path("lease_id").asText("");
    }

    List<String> warnings() {
        return texts("warnings");
    }

    /** What the server says went wrong, as one line for people; may be empty. */
    String complaint() {
        List<String> errors = texts("errors");
        if (errors.isEmpty()) {
            errors = warnings();
        }
        String line =
                String.join("; ", errors)
                        .replaceAll("\\d+ errors? occurred:", "")
                        .replaceAll("[\\p{Cntrl}\\s*]+", " ")
                        .strip();
        return line.length() > MOST_TEXT ? line.substring(0, MOST_TEXT) + "…" : line;
    }

    private List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        body.path(key).forEach(text -> texts.add(text.asText()));
        return texts;
    }

    @Override
    public String toString() {
        return "status " + status;
    }
}
