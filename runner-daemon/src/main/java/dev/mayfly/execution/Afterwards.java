package dev.mayfly.execution;

import dev.mayfly.job.Cancellation;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The time after a job's commands, in which its files are sent: until the job's deadline, and not
 * for long once somebody wants the job to end. When it is over, the job's thread is interrupted.
 */
final class Afterwards implements AutoCloseable {

    private static final Duration LONGEST = Duration.ofHours(2);

    /**
     * A cancelled job's files are sent too, as far as that goes quickly; less than a daemon that
     * stops waits for its jobs.
     */
    private static final Duration WHEN_CANCELLED = Duration.ofSeconds(30);

    private final Thread thread = Thread.currentThread();
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final Thread alarm;
    private boolean over;
    private boolean interrupted;

    Afterwards(Cancellation cancellation, Deadline deadline) {
        cancellation.whenRequested(cancelled::countDown);
        alarm = Thread.ofVirtual().name("afterwards").start(() -> await(deadline));
    }

    private void await(Deadline deadline) {
        try {
            Duration left = deadline.atMost(LONGEST);
            if (cancelled.await(left.toNanos(), TimeUnit.NANOSECONDS)) {
                Thread.sleep(deadline.atMost(WHEN_CANCELLED));
            }
            interrupt();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // everything is sent
        }
    }

    private synchronized void interrupt() {
        if (!over) {
            interrupted = true;
            thread.interrupt();
        }
    }

    /** From here on nobody is interrupted; an interrupt that hit nothing is taken back. */
    @Override
    public synchronized void close() {
        over = true;
        alarm.interrupt();
        if (interrupted) {
            Thread.interrupted();
        }
    }
}
