package dev.mayfly.source.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.state.StateDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A job's log on disk: the output as it is in one file, and beside it a file of JSON lines with the
 * structure and the times, each with its place in the output. Output cannot imitate structure,
 * because it never gets into that file. The last line is the end, with the totals; a log without it
 * is not complete.
 */
final class RetainedLog implements LogSink {

    /** Output is dated this coarsely, so that a job writing single bytes does not date each one. */
    private static final long GRAIN_MILLIS = 100;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final LogFiles files;
    private final Pulse pulse;
    private final ReentrantLock lock = new ReentrantLock();
    private final LogOrder order = new LogOrder(LogPosition.START);
    private @Nullable Writer writer;
    private Instant dated = Instant.EPOCH;
    private boolean closed;

    /**
     * Writes to these files, which are created by the first call and must not be there before.
     *
     * @param pulse beaten after each call
     */
    RetainedLog(LogFiles files, Pulse pulse) {
        this.files = files;
        this.pulse = pulse;
    }

    @Override
    public void output(long start, Instant at, byte[] bytes, int offset, int length) {
        lock.lock();
        try {
            Writer to = writer();
            order.output(start, length);
            if (at.toEpochMilli() - dated.toEpochMilli() >= GRAIN_MILLIS) {
                to.event(line(start, at, "output"));
                dated = at;
            }
            to.output(bytes, offset, length);
        } catch (IOException e) {
            throw fault(e);
        } finally {
            lock.unlock();
            pulse.beat();
        }
    }

    @Override
    public void event(LogPosition at, LogEvent event) {
        lock.lock();
        try {
            Writer to = writer();
            order.event(at);
            to.event(line(at, event));
        } catch (IOException e) {
            throw fault(e);
        } finally {
            lock.unlock();
            pulse.beat();
        }
    }

    @Override
    public void finish(LogPosition total) {
        lock.lock();
        try {
            Writer to = writer();
            order.end(total);
            to.event(numbered(total, Instant.now(), "end"));
            to.sync();
        } catch (IOException e) {
            throw fault(e);
        } finally {
            lock.unlock();
            close();
        }
    }

    /**
     * Ends the writing. A log that was not finished stays without an end, and who reads it is told.
     */
    void close() {
        lock.lock();
        try {
            closed = true;
            if (writer != null) {
                writer.close();
            }
        } catch (IOException e) {
            throw fault(e);
        } finally {
            writer = null;
            lock.unlock();
            pulse.beat();
        }
    }

    private Writer writer() throws IOException {
        if (closed) {
            throw new IllegalStateException("the log " + files.output() + " is closed");
        }
        if (writer == null) {
            writer = new Writer(files);
        }
        return writer;
    }

    private static ObjectNode line(LogPosition at, LogEvent event) {
        return switch (event) {
            case LogEvent.SectionStarted(Instant time, String section) ->
                    numbered(at, time, "section-start").put("x", section);
            case LogEvent.SectionEnded(Instant time, String section, Duration took) ->
                    numbered(at, time, "section-end")
                            .put("x", section)
                            .put("took", took.toMillis());
            case LogEvent.Notice(Instant time, String text) ->
                    numbered(at, time, "notice").put("x", text);
        };
    }

    private static ObjectNode numbered(LogPosition at, Instant time, String kind) {
        return line(at.output(), time, kind).put("n", at.events());
    }

    private static ObjectNode line(long output, Instant time, String kind) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("o", output)
                .put("t", time.toEpochMilli())
                .put("k", kind);
    }

    /** Nothing more is taken then, because it would stand in the wrong place. */
    private FaultException fault(IOException e) {
        closed = true;
        return new FaultException(
                Fault.LOG,
                "the log could not be written to "
                        + files.output()
                        + " ("
                        + e.getMessage()
                        + "): free space on that file system, or keep finished jobs for less time",
                e);
    }

    /**
     * The two open files. Not channels: an interrupt, which is how a job is cancelled, would close
     * those.
     */
    private static final class Writer {

        private final RandomAccessFile output;
        private final RandomAccessFile events;
        private long outputBytes;
        private long eventBytes;

        Writer(LogFiles files) throws IOException {
            output = open(files.output());
            try {
                events = open(files.events());
            } catch (IOException e) {
                output.close();
                throw e;
            }
        }

        void output(byte[] bytes, int offset, int length) throws IOException {
            append(output, outputBytes, bytes, offset, length);
            outputBytes += length;
        }

        void event(ObjectNode line) throws IOException {
            byte[] text = text(line);
            append(events, eventBytes, text, 0, text.length);
            eventBytes += text.length;
        }

        void sync() throws IOException {
            output.getFD().sync();
            events.getFD().sync();
        }

        void close() throws IOException {
            try {
                output.close();
            } finally {
                events.close();
            }
        }

        /** Half a write on a full disk leaves no trace. */
        private static void append(
                RandomAccessFile file, long end, byte[] bytes, int offset, int length)
                throws IOException {
            try {
                file.write(bytes, offset, length);
            } catch (IOException e) {
                file.setLength(end);
                throw e;
            }
        }

        private static byte[] text(ObjectNode line) {
            try {
                return (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("a tree of strings and numbers is always JSON", e);
            }
        }

        private static RandomAccessFile open(Path file) throws IOException {
            Files.createFile(
                    file, PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
            return new RandomAccessFile(file.toFile(), "rw");
        }
    }
}
