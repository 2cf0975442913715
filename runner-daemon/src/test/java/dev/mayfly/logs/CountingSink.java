package dev.mayfly.logs;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.time.Instant;

/** Counts what it gets and keeps nothing: what a pipeline costs without what comes behind it. */
public final class CountingSink implements LogSink {

    private long bytes;

    @Override
    public void output(long start, Instant at, byte[] output, int offset, int length) {
        bytes += length;
    }

    @Override
    public void event(LogPosition at, LogEvent event) {}

    @Override
    public void finish(LogPosition total) {}

    /** What came, masked. */
    public long bytes() {
        return bytes;
    }
}
