package dev.mayfly.source.gitlab;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** What goes wrong with one request, instead of or beside the proper answer. */
public sealed interface StubFault {

    /** Nothing: the proper answer. Takes the turn of one request in a script of faults. */
    record None() implements StubFault {}

    /**
     * Another answer; the request has no effect.
     *
     * @param status HTTP status
     * @param headers headers of the answer
     * @param contentType media type, empty for none
     * @param body the body, empty for none
     */
    record Status(int status, Map<String, String> headers, String contentType, String body)
            implements StubFault {}

    /** The connection is closed before the request has any effect. */
    record CutBefore() implements StubFault {}

    /** The request has its effect, then the connection is closed: the answer is lost. */
    record CutAfter() implements StubFault {}

    /** The request has its effect, the answer ends in the middle of its body. */
    record Truncated() implements StubFault {}

    /** The proper answer with another media type. */
    record ContentType(String mediaType) implements StubFault {}

    /** The proper answer, late. */
    record Slow(Duration delay) implements StubFault {}

    /** The proper answer, when the test opens the gate. */
    record Held(CountDownLatch gate) implements StubFault {}

    /** An answer without a body, as GitLab's own. */
    static StubFault status(int status) {
        return new Status(status, Map.of(), "application/json", "{\"message\":\"" + status + "\"}");
    }

    /** An answer with one header. */
    static StubFault status(int status, String header, String value) {
        return new Status(
                status,
                Map.of(header, value),
                "application/json",
                "{\"message\":\"" + status + "\"}");
    }

    /** The page that a proxy in front of GitLab shows. */
    static StubFault html(int status) {
        return new Status(
                status,
                Map.of(),
                "text/html; charset=utf-8",
                "<html><body><h1>" + status + " Bad Gateway</h1></body></html>");
    }

    /** Of an answer that this fault makes by itself. */
    default byte[] bytes() {
        return this instanceof Status given
                ? given.body().getBytes(StandardCharsets.UTF_8)
                : new byte[0];
    }
}
