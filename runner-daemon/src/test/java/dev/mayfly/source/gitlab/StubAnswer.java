package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the stub answers, and what becomes true when the client has got it. */
final class StubAnswer {

    final int status;
    final Map<String, String> headers = new LinkedHashMap<>();
    final byte[] body;
    @Nullable String contentType;
    private Runnable delivered = () -> {};

    private StubAnswer(int status, @Nullable String contentType, byte[] body) {
        this.status = status;
        this.contentType = contentType;
        this.body = body;
    }

    static StubAnswer json(int status, JsonNode body) {
        return new StubAnswer(
                status, "application/json", body.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** GitLab's usual refusal. */
    static StubAnswer message(int status, String text) {
        return json(
                status, JsonNodeFactory.instance.objectNode().put("message", status + " " + text));
    }

    /** What is said of a missing parameter. */
    static StubAnswer missing(String parameter) {
        return json(
                400, JsonNodeFactory.instance.objectNode().put("error", parameter + " is missing"));
    }

    static StubAnswer text(int status) {
        return new StubAnswer(
                status, "text/plain", String.valueOf(status).getBytes(StandardCharsets.UTF_8));
    }

    static StubAnswer bytes(int status, byte[] body) {
        return new StubAnswer(status, "application/octet-stream", body);
    }

    static StubAnswer empty(int status) {
        return new StubAnswer(status, null, new byte[0]);
    }

    StubAnswer header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    StubAnswer whenDelivered(Runnable action) {
        delivered = action;
        return this;
    }

    void delivered() {
        delivered.run();
    }
}
