package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.LogEvent;
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

    static final String END = "end";

    static EventFrame of(LogEvent event) {
        ObjectNode data = JobJson.object().put("at", event.at().toString());
        return switch (event) {
            case LogEvent.Output(_, byte[] bytes) ->
                    new EventFrame(
                            "output", data.put("data", Base64.getEncoder().encodeToString(bytes)));
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

    /** The last frame: the log is complete and this is what became of the job. */
    static EventFrame end(LocalJob job) {
        return new EventFrame(END, JobJson.job(job));
    }

    String text(LogPosition after) {
        return "id: " + after + "\nevent: " + event + "\ndata: " + JobJson.text(data) + "\n\n";
    }

    /**
     * Reads one that is not {@link #END}.
     *
     * @throws IOException when the name is not known: the server is newer than the client
     */
    static LogEvent event(String event, JsonNode data) throws IOException {
        Instant at = Instant.parse(data.path("at").asText());
        String section = data.path("section").asText();
        return switch (event) {
            case "output" ->
                    new LogEvent.Output(at, Base64.getDecoder().decode(data.path("data").asText()));
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
