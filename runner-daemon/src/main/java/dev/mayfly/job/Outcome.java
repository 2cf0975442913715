package dev.mayfly.job;

import java.time.Duration;
import java.util.Locale;

/** How a job ended. Decided once, before teardown; teardown never changes it. */
public sealed interface Outcome {

    /** One word for metrics, lists and the job itself: the record's name in lower case. */
    default String word() {
        return switch (this) {
            case Passed() -> "passed";
            case Failed(int _) -> "failed";
            case OutOfMemory(long _) -> "out-of-memory";
            case OutOfDisk(String _) -> "out-of-disk";
            case TimedOut(Duration _) -> "timed-out";
            case Cancelled(String _) -> "cancelled";
            case Denied(String _) -> "denied";
            case Faulted(Fault _, String _) -> "faulted";
            case Lost() -> "lost";
        };
    }

    /** One sentence for people, with the cause. */
    default String sentence() {
        return switch (this) {
            case Passed() -> "the job passed";
            case Failed(int code) -> "the job failed: its script ended with exit code " + code;
            case OutOfMemory(long limit) ->
                    "the job ran out of memory: its limit is " + limit / (1 << 20) + " MiB";
            case OutOfDisk(String excess) -> "the job held too much of the disk: " + excess;
            case TimedOut(Duration limit) ->
                    "the job ran longer than it may: its limit is " + limit.toSeconds() + " s";
            case Cancelled(String reason) -> "the job was cancelled: " + reason;
            case Denied(String reason) -> "the job was refused: " + reason;
            case Faulted(Fault fault, String detail) ->
                    "the job could not be run ("
                            + fault.name().toLowerCase(Locale.ROOT)
                            + "): "
                            + detail;
            case Lost() -> "the job was lost: the daemon died while it ran; it is not run again";
        };
    }

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
     * It held more of the engine's disk than it may, and was ended.
     *
     * @param excess what it held, what the limit is, and the cure
     */
    record OutOfDisk(String excess) implements Outcome {}

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
