package dev.mayfly.execution;

import dev.mayfly.job.Cancellation;

/**
 * The time before a job's script, in which a cancellation interrupts the job's thread: an image
 * pull or a checkout would otherwise run on for nobody. A running script is ended more gently.
 */
final class Preparation implements AutoCloseable {

    private final Thread thread = Thread.currentThread();
    private boolean over;

    Preparation(Cancellation cancellation) {
        cancellation.whenRequested(this::interrupt);
    }

    private synchronized void interrupt() {
        if (!over) {
            thread.interrupt();
        }
    }

    /** From here on a cancellation no longer interrupts. */
    @Override
    public synchronized void close() {
        over = true;
    }
}
