package dev.mayfly.sandbox;

/** How a step ended. */
public sealed interface StepEnd {

    /**
     * By itself.
     *
     * @param code 0 to 255; 128 plus the number for a signal
     */
    record Exited(int code) implements StepEnd {}

    /** The kernel killed it for its memory. */
    record OutOfMemory() implements StepEnd {}

    /**
     * The sandbox held more of the engine's disk than it may, and everything in it was ended.
     *
     * @param excess what was held, what the limit is, and the cure
     */
    record OutOfDisk(String excess) implements StepEnd {}

    /** It ran into its limit and was ended. */
    record TimedOut() implements StepEnd {}

    /** It was cancelled and was ended. */
    record Cancelled() implements StepEnd {}
}
