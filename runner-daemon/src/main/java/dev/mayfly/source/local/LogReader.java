package dev.mayfly.source.local;

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
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads a retained log from any place to its end, waiting for more while its job runs. Reads the
 * files, so it works on the log of another process too, and nobody waits for a slow reader. For use
 * by one thread.
 */
public final class LogReader implements AutoCloseable {

    /** The most output in one event. */
    private static final int CHUNK_BYTES = 64 * 1024;

    /** Longer than any line that {@link RetainedLog} writes. */
    private static final int EVENTS_BYTES = 64 * 1024;

    /** How soon news from another process, which cannot beat our pulse, is seen. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(250);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final LogFiles files;
    private final Pulse pulse;
    private final BooleanSupplier jobEnded;
    private final long resumeAt;
    private final Deque<Line> lines = new ArrayDeque<>();

    private @Nullable RandomAccessFile output;
    private @Nullable RandomAccessFile events;
    private LogPosition at;
    private long eventsRead;
    private Instant time = Instant.EPOCH;
    private boolean endSeen;

    LogReader(LogFiles files, Pulse pulse, BooleanSupplier jobEnded, LogPosition from) {
        this.files = files;
        this.pulse = pulse;
        this.jobEnded = jobEnded;
        this.at = from;
        this.resumeAt = from.events();
    }

    /** What comes next. */
    public sealed interface Next {

        /**
         * The log goes on.
         *
         * @param after where to resume to get what follows
         */
        record Event(LogPosition after, LogEvent event) implements Next {}

        /** Nothing new in the time given; the job may be running. */
        record Nothing() implements Next {}

        /** The log is complete, or as complete as it will ever be. */
        record End() implements Next {}
    }

    /**
     * Waits for the next event.
     *
     * @param wait how long at most
     * @throws IOException when the log cannot be read
     */
    public Next next(Duration wait) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        while (true) {
            long seen = pulse.beats();
            LogEvent event = look();
            boolean complete = endSeen;
            if (event == null && !complete) {
                // Asked before looking again: what was written before the end is then seen.
                complete = jobEnded.getAsBoolean();
                event = look();
            }
            if (event != null) {
                return new Next.Event(at, event);
            }
            if (complete) {
                return new Next.End();
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return new Next.Nothing();
            }
            pulse.await(seen, Math.min(left, LOOK_AGAIN.toNanos()));
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (output != null) {
                output.close();
            }
        } finally {
            if (events != null) {
                events.close();
            }
        }
    }

    private @Nullable LogEvent look() throws IOException {
        while (!endSeen) {
            // The size first: every event in front of those bytes is then in the other file.
            long size = outputSize();
            Line line = nextLine();
            long until = line == null ? size : Math.min(size, line.offset);
            if (at.output() < until) {
                return output(until);
            }
            if (line == null || at.output() < line.offset) {
                return null;
            }
            lines.remove();
            at = new LogPosition(at.output(), line.end);
            time = line.time;
            LogEvent event = line.event();
            if (event != null) {
                return event;
            }
            endSeen = line.kind.equals("end");
        }
        return null;
    }

    private LogEvent output(long until) throws IOException {
        byte[] bytes = new byte[(int) Math.min(CHUNK_BYTES, until - at.output())];
        RandomAccessFile from = output;
        if (from == null) {
            throw new IllegalStateException("output without a file");
        }
        from.seek(at.output());
        from.readFully(bytes);
        at = new LogPosition(at.output() + bytes.length, at.events());
        return new LogEvent.Output(time, bytes);
    }

    private long outputSize() throws IOException {
        if (output == null) {
            output = openIfThere(files.output());
        }
        return output == null ? 0 : output.length();
    }

    private @Nullable Line nextLine() throws IOException {
        while (lines.isEmpty()) {
            if (events == null) {
                events = openIfThere(files.events());
            }
            if (events == null || !readLines(events)) {
                return null;
            }
        }
        return lines.peek();
    }

    /** Whether there was at least one whole line more. */
    private boolean readLines(RandomAccessFile from) throws IOException {
        from.seek(eventsRead);
        byte[] buffer = new byte[EVENTS_BYTES];
        int length = Math.max(0, from.read(buffer));
        int start = 0;
        for (int i = 0; i < length; i++) {
            if (buffer[i] == '\n') {
                long end = eventsRead + i + 1;
                Line line = Line.of(JSON.readTree(buffer, start, i - start), end);
                if (end > resumeAt) {
                    lines.add(line);
                } else {
                    time = line.time;
                }
                start = i + 1;
            }
        }
        eventsRead += start;
        return start > 0;
    }

    private static @Nullable RandomAccessFile openIfThere(Path file) throws IOException {
        return Files.exists(file) ? new RandomAccessFile(file.toFile(), "r") : null;
    }

    /**
     * One line of the event file.
     *
     * @param end where the line ends in its file
     * @param offset bytes of output before it
     */
    private record Line(long end, long offset, Instant time, String kind, JsonNode json) {

        static Line of(JsonNode json, long end) {
            return new Line(
                    end,
                    json.path("o").asLong(),
                    Instant.ofEpochMilli(json.path("t").asLong()),
                    json.path("k").asText(),
                    json);
        }

        @Nullable LogEvent event() {
            String text = json.path("x").asText();
            return switch (kind) {
                case "section-start" -> new LogEvent.SectionStarted(time, text);
                case "section-end" ->
                        new LogEvent.SectionEnded(
                                time, text, Duration.ofMillis(json.path("took").asLong()));
                case "notice" -> new LogEvent.Notice(time, text);
                default -> null; // a date for the output that follows, or the end
            };
        }
    }
}
