package dev.mayfly.source.local;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.source.local.LogLines.Line;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads a retained log from any place to its end, waiting for more while its job runs. Reads the
 * files, so it works on the log of another process too, and nobody waits for a slow reader. Holds
 * the log to its numbers: it stops before a gap, and says at the end what is missing. For use by
 * one thread.
 */
public final class LogReader implements AutoCloseable {

    /** The most output in one event. */
    private static final int CHUNK_BYTES = LogSink.LARGEST_PIECE;

    /** How soon news from another process, which cannot beat our pulse, is seen. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(250);

    private final LogFiles files;
    private final Pulse pulse;
    private final Supplier<Optional<LocalJob>> job;
    private final LogLines lines;

    private @Nullable RandomAccessFile output;
    private LogPosition at;
    private Instant time = Instant.EPOCH;
    private @Nullable String gap;
    private boolean endSeen;

    /**
     * Opens nothing yet.
     *
     * @param pulse beaten when there is news
     * @param job what is known of the job now; empty when it is forgotten
     */
    LogReader(LogFiles files, Pulse pulse, Supplier<Optional<LocalJob>> job, LogPosition from) {
        this.files = files;
        this.lines = new LogLines(files.events());
        this.pulse = pulse;
        this.job = job;
        this.at = from;
    }

    /** What comes next. */
    public sealed interface Next {

        /**
         * The job printed something.
         *
         * @param after where to resume to get what follows
         * @param bytes at most {@link LogSink#LARGEST_PIECE}
         */
        @SuppressWarnings("ArrayRecordComponent") // compared by nobody
        record Output(LogPosition after, Instant at, byte[] bytes) implements Next {

            /** Bytes of output before it. */
            public long start() {
                return after.output() - bytes.length;
            }
        }

        /**
         * Mayfly said something.
         *
         * @param after where to resume to get what follows
         */
        record Event(LogPosition after, LogEvent event) implements Next {

            /** Its own number and place. */
            public LogPosition start() {
                return new LogPosition(after.output(), after.events() - 1);
            }
        }

        /** Nothing new in the time given; the job may be running. */
        record Nothing() implements Next {}

        /** Nothing more will come. */
        record End(LogEnd end) implements Next {}
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
            Next next = look();
            if (next == null && !endSeen) {
                // Asked before looking again: what was written before the end is then seen.
                Optional<LocalJob> now = job.get();
                next = look();
                if (next == null && !endSeen && now.map(j -> j.state().ended()).orElse(true)) {
                    return new Next.End(cutShort(now));
                }
            }
            if (next != null) {
                return next;
            }
            if (endSeen) {
                return new Next.End(new LogEnd(at, null));
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
            lines.close();
        } finally {
            if (output != null) {
                output.close();
            }
        }
    }

    /** The end of a log whose job has ended and that has no end itself. */
    private LogEnd cutShort(Optional<LocalJob> ended) throws IOException {
        if (ended.map(j -> j.state().times().claimed() == null).orElse(false)) {
            return new LogEnd(at, null); // nothing was ever written
        }
        if (gap == null) {
            Line next = lines.peek();
            gap =
                    next == null
                            ? "its end is missing: the daemon died, or could not write any more"
                            : next.offset()
                                    - at.output()
                                    + " bytes of output are missing from "
                                    + files.output();
        }
        return new LogEnd(at, gap);
    }

    private @Nullable Next look() throws IOException {
        while (!endSeen && gap == null) {
            // The size first: every event in front of those bytes is then in the other file.
            long size = outputSize();
            Line line = lines.peek();
            gap = lines.gap();
            if (gap != null) {
                return null;
            }
            long until = line == null ? size : Math.min(size, line.offset());
            if (at.output() < until) {
                return output(until);
            }
            if (line == null || at.output() < line.offset()) {
                return null;
            }
            lines.remove();
            time = line.time();
            if (line.number() < at.events()) {
                continue; // a date, or an event that was read before the connection broke
            }
            if (line.offset() < at.output()) {
                gap = "event " + line.number() + " belongs before output that was read already";
                return null;
            }
            LogEvent event = line.event();
            if (event != null) {
                at = new LogPosition(at.output(), line.number() + 1);
                return new Next.Event(at, event);
            }
            endSeen = line.isEnd();
        }
        return null;
    }

    private Next output(long until) throws IOException {
        byte[] bytes = new byte[(int) Math.min(CHUNK_BYTES, until - at.output())];
        RandomAccessFile from = output;
        if (from == null) {
            throw new IllegalStateException("output without a file");
        }
        from.seek(at.output());
        from.readFully(bytes);
        at = new LogPosition(at.output() + bytes.length, at.events());
        return new Next.Output(at, time, bytes);
    }

    private long outputSize() throws IOException {
        if (output == null && Files.exists(files.output())) {
            output = new RandomAccessFile(files.output().toFile(), "r");
        }
        return output == null ? 0 : output.length();
    }
}
