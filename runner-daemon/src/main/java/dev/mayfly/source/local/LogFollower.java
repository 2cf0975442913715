package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns a stream of server-sent events back into a log, and remembers how far it came. Takes
 * nothing that is out of order. Over several connections; for use by one thread.
 */
final class LogFollower {

    /** Far more than any frame the server sends. */
    private static final int LONGEST_LINE = 1024 * 1024;

    private final LogSink sink;
    private final LogOrder order = new LogOrder(LogPosition.START);
    private long frames;
    private @Nullable FollowedLog ended;

    private String id = "";
    private String name = "";
    private String data = "";
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LogFollower(LogSink sink) {
        this.sink = sink;
    }

    LogPosition position() {
        return order.position();
    }

    /** How many frames there were. */
    long frames() {
        return frames;
    }

    /** The log's end, once it has come. */
    @Nullable FollowedLog ended() {
        return ended;
    }

    /**
     * Reads one connection to its end.
     *
     * @throws IOException when the connection broke, or brought what cannot be read
     * @throws FaultException {@code LOG} when it brought something out of order: another connection
     *     would bring the same
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
                take(LogPosition.parse(id), JobJson.tree(data));
                frames++;
            } catch (IllegalArgumentException e) {
                throw new IOException("the daemon sent an event that cannot be read", e);
            }
        }
        forgetFrame();
    }

    private void take(LogPosition after, JsonNode json) throws IOException, InterruptedException {
        switch (name) {
            case EventFrame.OUTPUT -> {
                byte[] bytes = EventFrame.bytes(json);
                long start = after.output() - bytes.length;
                order.output(start, bytes.length);
                sink.output(start, EventFrame.at(json), bytes, 0, bytes.length);
            }
            case EventFrame.END -> {
                LogEnd end = EventFrame.end(json);
                order.end(end.total());
                if (end.incompleteBecause() == null) {
                    sink.finish(end.total());
                }
                ended = new FollowedLog(JobJson.job(json), end);
            }
            default -> {
                LogEvent event = EventFrame.event(name, json);
                LogPosition at = new LogPosition(after.output(), after.events() - 1);
                order.event(at);
                sink.event(at, event);
            }
        }
    }

    private void forgetFrame() {
        id = "";
        name = "";
        data = "";
    }
}
