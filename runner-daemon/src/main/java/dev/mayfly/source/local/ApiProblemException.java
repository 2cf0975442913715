package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A request that the API did not grant, as RFC 9457 writes it. Thrown where it is found out, sent
 * to the client, and thrown again there.
 */
public final class ApiProblemException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final int status;
    private final String cure;
    private final transient List<JobDocuments.Problem> problems;

    ApiProblemException(Kind kind, String detail, String cure) {
        this(kind, kind.status, detail, cure, List.of());
    }

    ApiProblemException(String detail, List<JobDocuments.Problem> problems) {
        this(
                Kind.DOCUMENT,
                Kind.DOCUMENT.status,
                detail,
                "correct the fields that are named",
                problems);
    }

    private ApiProblemException(
            Kind kind,
            int status,
            String detail,
            String cure,
            List<JobDocuments.Problem> problems) {
        super(detail);
        this.kind = kind;
        this.status = status;
        this.cure = cure;
        this.problems = List.copyOf(problems);
    }

    /** The kinds of refusal, each with the HTTP status that goes with it. */
    public enum Kind {
        /** The request itself is malformed. */
        REQUEST(400, "The request cannot be read"),
        /** No token, or another one. */
        TOKEN(401, "The token is missing or wrong"),
        /** The job may not run here. */
        REFUSED(403, "The job was refused"),
        /** The request came through a browser's page or under a name that is not ours. */
        ORIGIN(403, "The request did not come from a client of this API"),
        /** No such job, or no such path. */
        UNKNOWN(404, "There is no such thing"),
        /** A path with another method. */
        METHOD(405, "The method is not supported here"),
        /** The body is longer than allowed. */
        SIZE(413, "The body is too large"),
        /** The body is of a kind nobody reads. */
        TYPE(415, "The content type is not supported"),
        /** The job document has mistakes. */
        DOCUMENT(422, "The job document has mistakes"),
        /** The daemon's configuration has mistakes; the running one stays. */
        CONFIGURATION(422, "The configuration cannot be used"),
        /** A defect in Mayfly; its log has more. */
        INTERNAL(500, "Something went wrong inside"),
        /** Not now. */
        UNAVAILABLE(503, "This is not possible now");

        private final int status;
        private final String title;

        Kind(int status, String title) {
            this.status = status;
            this.title = title;
        }
    }

    public Kind kind() {
        return kind;
    }

    /** HTTP status code. */
    public int status() {
        return status;
    }

    /** What to do. */
    public String cure() {
        return cure;
    }

    /** What is wrong with a document, in detail; empty for other kinds. */
    public List<JobDocuments.Problem> problems() {
        return problems;
    }

    ObjectNode json() {
        ObjectNode node =
                JobJson.object()
                        .put("type", "urn:mayfly:problem:" + JobJson.word(kind))
                        .put("title", kind.title)
                        .put("status", status)
                        .put("detail", getMessage())
                        .put("cure", cure);
        if (!problems.isEmpty()) {
            ArrayNode list = node.putArray("problems");
            for (JobDocuments.Problem problem : problems) {
                ObjectNode entry = list.addObject().put("field", problem.field());
                if (problem.line() != null) {
                    entry.put("line", problem.line());
                }
                entry.put("cause", problem.cause()).put("cure", problem.cure());
            }
        }
        return node;
    }

    static ApiProblemException of(int status, JsonNode node) {
        List<JobDocuments.Problem> problems = new ArrayList<>();
        for (JsonNode entry : node.path("problems")) {
            problems.add(
                    new JobDocuments.Problem(
                            entry.path("field").asText(),
                            entry.has("line") ? entry.path("line").asInt() : null,
                            entry.path("cause").asText(),
                            entry.path("cure").asText()));
        }
        return new ApiProblemException(
                kind(node.path("type").asText()),
                status,
                node.path("detail").asText("the server answered with status " + status),
                node.path("cure").asText("look into the daemon's log"),
                problems);
    }

    private static Kind kind(String type) {
        for (Kind kind : Kind.values()) {
            if (type.endsWith(":" + JobJson.word(kind))) {
                return kind;
            }
        }
        return Kind.INTERNAL;
    }
}
