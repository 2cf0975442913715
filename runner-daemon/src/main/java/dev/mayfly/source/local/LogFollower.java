package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.LogSink;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Turns a stream of server-sent events back into a log, and remembers how far it came. Over several
 * connections; for use by one thread.
 */
final class LogFollower {

    /** Far more than any frame the server sends. */
    private static final int LONGEST_LINE = 1024 * 1024;

    /** The connection's own idle timeout strikes first. */
    private static final Duration SILENCE = Duration.ofSeconds(60);

    private final LogSink sink;
    private LogPosition position = LogPosition.START;
    private long events;
    private @Nullable LocalJob ended;

    private String id = "";
    private String name = "";
    private String data = "";
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LogFollower(LogSink sink) {
        this.sink = sink;
    }

    LogPosition position() {
        return position;
    }

    /** How many events there were. */
    long events() {
        return events;
    }

    /** The job, once the log is complete. */
    @Nullable LocalJob ended() {
        return ended;
    }

    /** What the connection has for the reading thread. */
    private sealed interface Piece {
        record Bytes(Buffer buffer) implements Piece {}

        record Over(@Nullable Throwable cause) implements Piece {}
    }

    /**
     * Reads one connection to its end, asking for one buffer after another so that a slow sink
     * slows the server down.
     *
     * @throws IOException when the connection broke
     */
    void read(HttpClientResponse response) throws IOException, InterruptedException {
        // Bounded by the asking: one buffer at a time, and the end.
        BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
        response.handler(buffer -> pieces.add(new Piece.Bytes(buffer)));
        response.endHandler(_ -> pieces.add(new Piece.Over(null)));
        response.exceptionHandler(e -> pieces.add(new Piece.Over(e)));
        line.reset();
        forgetFrame();
        while (ended == null) {
            response.fetch(1);
            Piece piece = pieces.poll(SILENCE.toMillis(), TimeUnit.MILLISECONDS);
            switch (piece) {
                case Piece.Bytes(Buffer buffer) -> accept(buffer.getBytes());
                case Piece.Over(Throwable cause) when cause != null ->
                        throw new IOException("the connection to the daemon was lost", cause);
                case Piece.Over _ -> {
                    return;
                }
                case null -> throw new IOException("the daemon was silent for " + SILENCE);
            }
        }
    }

    private void accept(byte[] bytes) throws IOException, InterruptedException {
        for (byte b : bytes) {
            if (b != '\n') {
                line.write(b);
                if (line.size() > LONGEST_LINE) {
                    throw new IOException("the daemon sent a line of more than 1 MiB");
                }
                continue;
            }
            field(line.toString(StandardCharsets.UTF_8));
            line.reset();
        }
    }

    private void field(String text) throws IOException, InterruptedException {
        if (text.isEmpty()) {
            dispatch();
        } else if (text.startsWith("id: ")) {
            id = text.substring(4);
        } else if (text.startsWith("event: ")) {
            name = text.substring(7);
        } else if (text.startsWith("data: ")) {
            data = text.substring(6);
        }
    }

    private void dispatch() throws IOException, InterruptedException {
        if (!name.isEmpty()) {
            try {
                JsonNode json = JobJson.tree(data);
                if (name.equals(EventFrame.END)) {
                    ended = JobJson.job(json);
                } else {
                    sink.accept(EventFrame.event(name, json));
                }
                position = LogPosition.parse(id);
                events++;
            } catch (IllegalArgumentException e) {
                throw new IOException("the daemon sent an event that cannot be read", e);
            }
        }
        forgetFrame();
    }

    private void forgetFrame() {
        id = "";
        name = "";
        data = "";
    }
}
