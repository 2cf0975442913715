package dev.mayfly.execution;

import dev.mayfly.job.Cancellation;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The time before a job's script, in which a cancellation or the job's deadline interrupts the
 * job's thread: an image pull or a checkout would otherwise run on for nobody. A running script is
 * ended more gently.
 */
final class Preparation implements AutoCloseable {

    private final Thread thread = Thread.currentThread();
    private final @Nullable Thread alarm;
    private boolean over;
    private boolean interrupted;

    Preparation(Cancellation cancellation, Deadline deadline) {
        cancellation.whenRequested(this::interrupt);
        alarm =
                deadline.limit() == null
                        ? null
                        : Thread.ofVirtual().name("deadline").start(() -> await(deadline));
    }

    private void await(Deadline deadline) {
        try {
            Thread.sleep(Duration.ofNanos(Math.max(0, deadline.nanoTime() - System.nanoTime())));
            interrupt();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the preparation is over
        }
    }

    private synchronized void interrupt() {
        if (!over) {
            interrupted = true;
            thread.interrupt();
        }
    }

    /**
     * From here on a cancellation no longer interrupts. An interrupt that hit nothing is taken
     * back: it would hit the log's end or the teardown instead.
     */
    @Override
    public synchronized void close() {
        over = true;
        if (alarm != null) {
            alarm.interrupt();
        }
        if (interrupted) {
            Thread.interrupted();
        }
    }
}
