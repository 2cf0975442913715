package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.LogSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns a stream of server-sent events back into a log, and remembers how far it came. Over several
 * connections; for use by one thread.
 */
final class LogFollower {

    /** Far more than any frame the server sends. */
    private static final int LONGEST_LINE = 1024 * 1024;

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

    /**
     * Reads one connection to its end.
     *
     * @throws IOException when the connection broke
     */
    void read(ResponseBytes response) throws IOException, InterruptedException {
        line.reset();
        forgetFrame();
        while (ended == null) {
            Optional<byte[]> bytes = response.next();
            if (bytes.isEmpty()) {
                return;
            }
            accept(bytes.get());
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
