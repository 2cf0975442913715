package dev.mayfly.execution;

import dev.mayfly.job.Cancellation;

/**
 * The time before a job's script, in which a cancellation interrupts the job's thread: an image
 * pull or a checkout would otherwise run on for nobody. A running script is ended more gently.
 */
final class Preparation implements AutoCloseable {

    private final Thread thread = Thread.currentThread();
    private boolean over;
    private boolean interrupted;

    Preparation(Cancellation cancellation) {
        cancellation.whenRequested(this::interrupt);
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
        if (interrupted) {
            Thread.interrupted();
        }
    }
}
