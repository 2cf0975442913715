package dev.mayfly.logs;

import dev.mayfly.job.LogEvent;
import java.time.Instant;
import java.util.function.Supplier;

/** Lets so much of a job's masked output through; what follows is counted, and said to be gone. */
final class OutputLimit {

    private final long limitBytes;
    private final Delivery behind;
    private final Supplier<Instant> clock;
    private long deliveredBytes;
    private long droppedBytes;

    OutputLimit(long limitBytes, Delivery behind, Supplier<Instant> clock) {
        if (limitBytes < 1) {
            throw new IllegalArgumentException(
                    "a job's log limit is " + limitBytes + " bytes, must be at least 1");
        }
        this.limitBytes = limitBytes;
        this.behind = behind;
        this.clock = clock;
    }

    /** Takes masked output. */
    void take(byte[] bytes, int offset, int length) {
        int taken = (int) Math.min(length, limitBytes - deliveredBytes);
        behind.output(bytes, offset, taken);
        deliveredBytes += taken;
        if (taken < length) {
            if (droppedBytes == 0) {
                say("log limit of " + limitBytes + " bytes reached, further output is dropped");
            }
            droppedBytes += length - taken;
        }
    }

    /** Nothing more comes: says how much was dropped, if anything was. */
    void end() {
        if (droppedBytes > 0) {
            say(droppedBytes + " bytes of output dropped beyond the log limit");
        }
    }

    private void say(String text) {
        behind.event(new LogEvent.Notice(clock.get(), text));
    }

    long deliveredBytes() {
        return deliveredBytes;
    }

    long droppedBytes() {
        return droppedBytes;
    }
}
