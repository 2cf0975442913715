package dev.mayfly.sandbox;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.SecretValue;
import java.time.Duration;
import java.util.Optional;

/** The living environment of one job. Used by that job's thread only. */
public interface Sandbox {

    /**
     * Runs one step to its end. When it returns, no process of the step is alive and every byte of
     * its output has been given to {@code output}.
     *
     * <p>A step that runs into its limit, or is cancelled, gets SIGTERM, and after a grace SIGKILL.
     *
     * @param step what to run, and where
     * @param output takes the bytes of standard output and standard error, in the order in which
     *     the processes wrote them; blocking here slows the step down
     * @param limit wall time from the first instruction
     * @param cancellation ends the step early when requested
     */
    StepEnd run(Step step, Output output, Duration limit, Cancellation cancellation)
            throws InterruptedException;

    /** Ends the helper and its network, so that nothing but the job and its services is left. */
    void endCheckout() throws InterruptedException;

    /**
     * Ends the job's container, the helper and whatever runs in them, and starts a helper that
     * reads the workspace and cannot write to it. From now on {@code HELPER} means that one: it has
     * no network and nothing of the job's but the workspace, and its steps begin in the root
     * directory. Steps in {@code JOB} are not possible any more. Can be repeated.
     */
    void seal() throws InterruptedException;

    /**
     * Why everything in the sandbox was ended from outside: it went beyond its {@link DiskLimits},
     * or nobody could tell any more whether it does. Empty as long as it was not.
     */
    Optional<Outcome> ended();

    /** Takes what a step prints, and the values that its processes want hidden. */
    @FunctionalInterface
    interface Output {
        /** The array may be used again after the call has returned. */
        void write(byte[] bytes, int offset, int length) throws InterruptedException;

        /** Takes what is to be said of the step that is not its own words. */
        default void notice(String text) throws InterruptedException {}

        /**
         * Hides a value in everything that is written later. The process that has asked goes on
         * when this has returned. Refuses, unless somebody masks.
         *
         * @param name what the step calls the value: letters, digits and underscores, at most 64;
         *     or empty
         * @param value forgotten after the call
         * @return empty if the value is hidden from now on; otherwise why not, for the job's author
         */
        default Optional<String> mask(String name, SecretValue value) throws InterruptedException {
            return Optional.of("the output of this step is not masked");
        }
    }
}
