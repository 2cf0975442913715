package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * Puts GitLab's stamp before each line of a log: when it was printed, by which stream, and whether
 * it goes on with the line before. A line that is printed bit by bit is stamped once. For one
 * thread at a time.
 */
final class LineStamps {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z' ")
                    .withZone(ZoneOffset.UTC);

    /** A longer line is continued by another, as gitlab-runner does it. */
    private static final int LONG_LINE = 8 * 1024;

    /** Who writes. Standard output and error of a job are one stream. */
    enum Stream {
        /** Mayfly. */
        EXECUTOR("00O"),
        /** The job's processes. */
        WORK("01O");

        private final String mark;

        Stream(String mark) {
            this.mark = mark;
        }
    }

    private final boolean on;
    private @Nullable Stream last;
    private boolean inLine;
    private boolean unfinished;
    private int lineBytes;

    /**
     * Begins.
     *
     * @param on otherwise everything stays as it is
     */
    LineStamps(boolean on) {
        this.on = on;
    }

    /**
     * Stamps a piece of a log.
     *
     * @param at when it was printed
     * @param bytes whole characters
     */
    byte[] stamped(Instant at, Stream stream, byte[] bytes) {
        if (!on || bytes.length == 0) {
            return bytes;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + 128);
        byte[] time = TIME.format(at).getBytes(US_ASCII);
        int from = 0;
        while (from < bytes.length) {
            int end = indexOf((byte) '\n', bytes, from) + 1;
            int to = end == 0 ? bytes.length : end;
            begin(time, stream, out);
            out.write(bytes, from, to - from);
            lineBytes += to - from;
            inLine = end == 0;
            // A bar that redraws itself shows each of its states, not all of them at its end.
            boolean redrawn = inLine && indexOf((byte) '\r', bytes, from) >= 0;
            if (redrawn || (inLine && lineBytes > LONG_LINE)) {
                out.write('\n');
                inLine = false;
                unfinished = true;
            }
            from = to;
        }
        return out.toByteArray();
    }

    /** Somebody has ended the line. */
    void lineEnded() {
        inLine = false;
    }

    private void begin(byte[] time, Stream stream, ByteArrayOutputStream out) {
        if (inLine) {
            return;
        }
        boolean goesOn = unfinished && stream == last;
        out.writeBytes(time);
        out.writeBytes(stream.mark.getBytes(US_ASCII));
        out.write(goesOn ? '+' : ' ');
        last = stream;
        unfinished = false;
        lineBytes = 0;
    }

    private static int indexOf(byte wanted, byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}
