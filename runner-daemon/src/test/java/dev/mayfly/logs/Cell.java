package dev.mayfly.logs;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One thing that is measured: something that takes a log in chunks. It goes through the log from
 * turn to turn and begins again at its end, so that what it reads is not in the cache unless the
 * log is small.
 *
 * <p>Cells take turns, so that a busy machine slows all of them and the ratios hold. A turn counts
 * the processor time of this thread, so that other processes' turns are not in it.
 */
final class Cell {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** Reading the clock costs about a microsecond. */
    private static final long SHORTEST_BATCH_NANOS = 500_000;

    private static final int LONGEST_BATCH = 4 << 20;

    private final int chunk;
    private final byte[] log;
    private final Work work;
    private final List<Double> speeds = new ArrayList<>();
    private int batch;
    private int position;

    /** Takes one chunk of a log. */
    @FunctionalInterface
    interface Work {
        void take(byte[] bytes, int offset, int length) throws InterruptedException;
    }

    /**
     * Describes.
     *
     * @param chunk bytes at a time; what is left at the log's end, less than a chunk, is not read
     */
    Cell(byte[] log, int chunk, Work work) {
        this.chunk = chunk;
        this.log = log;
        this.work = work;
        batch = chunk;
    }

    /** Lets all of them take turns: one round that is not counted, and others. */
    static void measure(List<Cell> cells, int rounds, Duration turn) throws InterruptedException {
        for (Cell cell : cells) {
            cell.turn(turn);
        }
        for (int round = 0; round < rounds; round++) {
            for (Cell cell : cells) {
                cell.speeds.add(cell.turn(turn));
            }
        }
    }

    /** MB/s (10^6 bytes) of one turn. */
    private double turn(Duration atLeast) throws InterruptedException {
        long bytes = 0;
        long start = THREADS.getCurrentThreadCpuTime();
        long before = 0;
        while (true) {
            int rest = batch;
            do {
                if (position + chunk > log.length) {
                    position = 0;
                }
                work.take(log, position, chunk);
                position += chunk;
                rest -= chunk;
            } while (rest > 0);
            bytes += batch - rest;
            long took = THREADS.getCurrentThreadCpuTime() - start;
            if (took >= atLeast.toNanos()) {
                return bytes * 1e3 / took;
            }
            if (took - before < SHORTEST_BATCH_NANOS && batch < LONGEST_BATCH) {
                batch *= 2;
            }
            before = took;
        }
    }

    /** Its speed: MB/s (10^6 bytes), the median of the rounds. */
    double speed() {
        double[] sorted = speeds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
