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

    /** It ran into its limit and was ended. */
    record TimedOut() implements StepEnd {}

    /** It was cancelled and was ended. */
    record Cancelled() implements StepEnd {}
}
