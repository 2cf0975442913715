package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;

/**
 * How a log's events are written as server-sent events. The names are part of the API.
 *
 * @param event its name
 * @param data its JSON
 */
record EventFrame(String event, ObjectNode data) {

    static final String OUTPUT = "output";
    static final String END = "end";

    static EventFrame output(Instant at, byte[] bytes) {
        return new EventFrame(
                OUTPUT,
                JobJson.object()
                        .put("at", at.toString())
                        .put("data", Base64.getEncoder().encodeToString(bytes)));
    }

    static EventFrame of(LogEvent event) {
        ObjectNode data = JobJson.object().put("at", event.at().toString());
        return switch (event) {
            case LogEvent.SectionStarted(_, String section) ->
                    new EventFrame("section-start", data.put("section", section));
            case LogEvent.SectionEnded(_, String section, Duration took) ->
                    new EventFrame(
                            "section-end",
                            data.put("section", section).put("took_ms", took.toMillis()));
            case LogEvent.Notice(_, String text) ->
                    new EventFrame("notice", data.put("text", text));
        };
    }

    /** The last frame: nothing more comes, and this is what became of the job and of its log. */
    static EventFrame end(LocalJob job, LogEnd log) {
        ObjectNode data = JobJson.job(job);
        ObjectNode end =
                data.putObject("log")
                        .put("output_bytes", log.total().output())
                        .put("events", log.total().events())
                        .put("complete", log.incompleteBecause() == null);
        if (log.incompleteBecause() != null) {
            end.put("because", log.incompleteBecause());
        }
        return new EventFrame(END, data);
    }

    /** Reads what {@link #end(LocalJob, LogEnd)} says of the log. */
    static LogEnd end(JsonNode data) {
        JsonNode log = data.path("log");
        return new LogEnd(
                new LogPosition(log.path("output_bytes").asLong(), log.path("events").asLong()),
                log.path("complete").asBoolean()
                        ? null
                        : log.path("because").asText("the daemon does not say why"));
    }

    String text(LogPosition after) {
        return "id: " + after + "\nevent: " + event + "\ndata: " + JobJson.text(data) + "\n\n";
    }

    /** When an event was. */
    static Instant at(JsonNode data) {
        return Instant.parse(data.path("at").asText());
    }

    /** Reads what an {@link #OUTPUT} brings. */
    static byte[] bytes(JsonNode data) {
        return Base64.getDecoder().decode(data.path("data").asText());
    }

    /**
     * Reads one that is neither {@link #OUTPUT} nor {@link #END}.
     *
     * @throws IOException when the name is not known: the server is newer than the client
     */
    static LogEvent event(String event, JsonNode data) throws IOException {
        Instant at = at(data);
        String section = data.path("section").asText();
        return switch (event) {
            case "section-start" -> new LogEvent.SectionStarted(at, section);
            case "section-end" ->
                    new LogEvent.SectionEnded(
                            at, section, Duration.ofMillis(data.path("took_ms").asLong()));
            case "notice" -> new LogEvent.Notice(at, data.path("text").asText());
            default ->
                    throw new IOException(
                            "the daemon sent an event \""
                                    + event
                                    + "\" that this client does not"
                                    + " know: use the same version");
        };
    }
}
