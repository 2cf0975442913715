package dev.mayfly.source.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogSink;
import dev.mayfly.state.StateDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
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
 * because it never gets into that file.
 */
final class RetainedLog implements LogSink {

    /** Output is dated this coarsely, so that a job writing single bytes does not date each one. */
    private static final Duration GRAIN = Duration.ofMillis(100);

    /** Keeps a line below what {@link LogReader} reads at once, escapes included. */
    static final int LONGEST_TEXT = 8 * 1024;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final LogFiles files;
    private final Pulse pulse;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Writer writer;
    private @Nullable Instant dated;
    private boolean finished;

    /**
     * Writes to these files, which are created with the first event.
     *
     * @param pulse beaten after each event
     */
    RetainedLog(LogFiles files, Pulse pulse) {
        this.files = files;
        this.pulse = pulse;
    }

    @Override
    public void accept(LogEvent event) {
        lock.lock();
        try {
            if (finished) {
                throw new IllegalStateException("the log " + files.output() + " is finished");
            }
            Writer to = writer();
            switch (event) {
                case LogEvent.Output(Instant at, byte[] bytes) -> {
                    if (dated == null || Duration.between(dated, at).compareTo(GRAIN) >= 0) {
                        to.event(line(to, at, "output"));
                        dated = at;
                    }
                    to.output(bytes);
                }
                case LogEvent.SectionStarted(Instant at, String section) ->
                        to.event(line(to, at, "section-start").put("x", cut(section)));
                case LogEvent.SectionEnded(Instant at, String section, Duration took) ->
                        to.event(
                                line(to, at, "section-end")
                                        .put("x", cut(section))
                                        .put("took", took.toMillis()));
                case LogEvent.Notice(Instant at, String text) ->
                        to.event(line(to, at, "notice").put("x", cut(text)));
            }
        } catch (IOException e) {
            throw fault(e);
        } finally {
            lock.unlock();
            pulse.beat();
        }
    }

    @Override
    public void finish() {
        lock.lock();
        try {
            if (finished) {
                return;
            }
            finished = true;
            if (writer != null) {
                writer.event(line(writer, Instant.now(), "end"));
                writer.sync();
            }
        } catch (IOException e) {
            throw fault(e);
        } finally {
            try {
                close();
            } finally {
                lock.unlock();
                pulse.beat();
            }
        }
    }

    private void close() {
        if (writer != null) {
            try {
                writer.close();
            } catch (IOException e) {
                throw fault(e);
            } finally {
                writer = null;
            }
        }
    }

    private Writer writer() throws IOException {
        if (writer == null) {
            writer = new Writer(files);
        }
        return writer;
    }

    private static ObjectNode line(Writer to, Instant at, String kind) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("o", to.outputBytes)
                .put("t", at.toEpochMilli())
                .put("k", kind);
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT);
    }

    private FaultException fault(IOException e) {
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
            outputBytes = output.length();
            eventBytes = events.length();
        }

        void output(byte[] bytes) throws IOException {
            outputBytes = append(output, outputBytes, bytes);
        }

        void event(ObjectNode line) throws IOException {
            eventBytes = append(events, eventBytes, text(line));
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

        /** Always from the last good end, so that half a write on a full disk leaves no trace. */
        private static long append(RandomAccessFile file, long end, byte[] bytes)
                throws IOException {
            file.seek(end);
            try {
                file.write(bytes);
                return end + bytes.length;
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
            try {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
            } catch (FileAlreadyExistsException e) {
                Files.setPosixFilePermissions(file, StateDirectory.PRIVATE_FILE);
            }
            return new RandomAccessFile(file.toFile(), "rw");
        }
    }
}
