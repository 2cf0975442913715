package dev.mayfly;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits for what happens by itself, by looking; never for a time to pass. */
public final class Eventually {

    private static final long BETWEEN_LOOKS = Duration.ofMillis(10).toNanos();

    /** So often the same, and it counts as unchanging. */
    private static final int SAME = 20;

    private Eventually() {}

    /**
     * Looks at the world.
     *
     * @param <E> what looking may throw
     */
    @FunctionalInterface
    public interface Condition<E extends Exception> {
        boolean holds() throws E, InterruptedException;
    }

    /**
     * Measures the world.
     *
     * @param <E> what measuring may throw
     */
    @FunctionalInterface
    public interface Measure<E extends Exception> {
        long value() throws E, InterruptedException;
    }

    /**
     * Waits until the condition holds.
     *
     * @param what for the failure, as it should become
     * @throws AssertionError when it does not within the limit
     */
    public static <E extends Exception> void holds(
            String what, Duration limit, Condition<E> condition) throws E, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.holds()) {
            lookAgain(what, deadline);
        }
    }

    /**
     * Waits until a measure stands still.
     *
     * @param what for the failure, as it should become
     * @throws AssertionError when it still changes after the limit
     */
    public static <E extends Exception> void standsStill(
            String what, Duration limit, Measure<E> measure) throws E, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        long last = measure.value();
        for (int same = 0; same < SAME; same++) {
            lookAgain(what, deadline);
            long now = measure.value();
            if (now != last) {
                last = now;
                same = 0;
            }
        }
    }

    private static void lookAgain(String what, long deadline) throws InterruptedException {
        if (System.nanoTime() > deadline) {
            throw new AssertionError("not in time: " + what);
        }
        LockSupport.parkNanos(BETWEEN_LOOKS);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }
}
