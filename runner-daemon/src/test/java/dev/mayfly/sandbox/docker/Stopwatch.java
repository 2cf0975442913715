package dev.mayfly.sandbox.docker;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Counts what comes, and takes the time from the first bytes to the last. */
final class Stopwatch {

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final long expected;
    private volatile long bytes;
    private long first;
    private volatile long last;
    private long processorBefore;
    private long processorAfter;

    /**
     * For one log.
     *
     * @param expected how many bytes it has
     */
    Stopwatch(long expected) {
        this.expected = expected;
    }

    /** Bytes have come; to be called before they are dealt with. */
    void begin() {
        if (bytes == 0) {
            first = System.nanoTime();
            processorBefore = PROCESS.getProcessCpuTime();
        }
    }

    /** Bytes have been dealt with. To be called by one thread. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    void taken(int count) {
        bytes += count;
        if (bytes >= expected) {
            last = System.nanoTime();
            processorAfter = PROCESS.getProcessCpuTime();
        }
    }

    /** Of the time from the first bytes to the last, MB = 10^6 bytes. */
    double megabytesPerSecond() {
        if (bytes != expected) {
            throw new IllegalStateException(
                    "%,d bytes were printed, %,d arrived".formatted(expected, bytes));
        }
        return bytes * 1e3 / (last - first);
    }

    /** Of this process in that time, all its threads. */
    double processorMillisForAMegabyte() {
        return (processorAfter - processorBefore) / (double) bytes;
    }
}
