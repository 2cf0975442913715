package dev.mayfly.job;

import java.time.Duration;

/** How a job ended. Decided once, before teardown; teardown never changes it. */
public sealed interface Outcome {

    /** Every script line succeeded. */
    record Passed() implements Outcome {}

    /**
     * The script failed: the job's fault.
     *
     * @param exitCode 1 to 255; 128 plus the number for a signal
     */
    record Failed(int exitCode) implements Outcome {}

    /**
     * The kernel killed the job for its memory.
     *
     * @param limitBytes the limit it ran into
     */
    record OutOfMemory(long limitBytes) implements Outcome {}

    /**
     * The script ran longer than it may.
     *
     * @param limit the limit it ran into
     */
    record TimedOut(Duration limit) implements Outcome {}

    /**
     * Somebody, or the daemon's stop, ended it.
     *
     * @param reason who and why
     */
    record Cancelled(String reason) implements Outcome {}

    /**
     * Refused before anything was created.
     *
     * @param reason the rule and the cure
     */
    record Denied(String reason) implements Outcome {}

    /**
     * Ended by our side, or by what it asked for not being there.
     *
     * @param fault the kind
     * @param detail what was tried, on what, what came back, what to do; never a secret
     */
    record Faulted(Fault fault, String detail) implements Outcome {}

    /** The daemon died while the job ran; found at the next start. The job is not run again. */
    record Lost() implements Outcome {}
}
