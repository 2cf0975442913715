package dev.mayfly.source.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mayfly.job.LogEvent;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The lines of a log's event file, as far as they are there and in order. For one thread. */
final class LogLines implements AutoCloseable {

    /** Longer than any line: an event's text, escaped. */
    private static final int BUFFER_BYTES = 64 * 1024;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path path;
    private final Deque<Line> lines = new ArrayDeque<>();
    private @Nullable RandomAccessFile file;
    private long read;
    private long number;
    private @Nullable String gap;

    LogLines(Path path) {
        this.path = path;
    }

    /**
     * One line.
     *
     * @param number counts events from 0; the end has the number of events, a date has none
     * @param offset bytes of output before it
     */
    record Line(long number, long offset, Instant time, String kind, JsonNode json) {

        /** A date for the output that follows is no event. */
        static final long NONE = -1;

        static Line of(JsonNode json) {
            return new Line(
                    json.path("n").asLong(NONE),
                    json.path("o").asLong(),
                    Instant.ofEpochMilli(json.path("t").asLong()),
                    json.path("k").asText(),
                    json);
        }

        boolean isEnd() {
            return kind.equals("end");
        }

        /** The event, or null if the line is a date or the end. */
        @Nullable LogEvent event() {
            String text = json.path("x").asText();
            return switch (kind) {
                case "section-start" -> new LogEvent.SectionStarted(time, text);
                case "section-end" ->
                        new LogEvent.SectionEnded(
                                time, text, Duration.ofMillis(json.path("took").asLong()));
                case "notice" -> new LogEvent.Notice(time, text);
                default -> null;
            };
        }
    }

    /** The next line, or null if it is not there yet. */
    @Nullable Line peek() throws IOException {
        while (lines.isEmpty() && gap == null && readMore()) {
            // until there is a line
        }
        return lines.peek();
    }

    void remove() {
        lines.remove();
    }

    /** Why nothing comes after the last line, or null if something may. */
    @Nullable String gap() {
        return lines.isEmpty() ? gap : null;
    }

    /** Whether there was at least one whole line more. */
    private boolean readMore() throws IOException {
        if (file == null) {
            if (!Files.exists(path)) {
                return false;
            }
            file = new RandomAccessFile(path.toFile(), "r");
        }
        file.seek(read);
        byte[] buffer = new byte[BUFFER_BYTES];
        int length = Math.max(0, file.read(buffer));
        int start = 0;
        for (int i = 0; i < length && gap == null; i++) {
            if (buffer[i] == '\n') {
                add(buffer, start, i - start);
                start = i + 1;
            }
        }
        read += start;
        return start > 0;
    }

    private void add(byte[] buffer, int start, int length) throws IOException {
        Line line;
        try {
            line = Line.of(JSON.readTree(buffer, start, length));
        } catch (JsonProcessingException e) {
            gap = "event " + number + " cannot be read, its line is damaged";
            return;
        }
        if (line.number != Line.NONE) {
            if (line.number != number) {
                gap = "event " + number + " is missing, event " + line.number + " came instead";
                return;
            }
            number++;
        }
        lines.add(line);
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
