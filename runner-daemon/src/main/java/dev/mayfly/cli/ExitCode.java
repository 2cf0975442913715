package dev.mayfly.cli;

import dev.mayfly.job.Outcome;

/**
 * What the command line answers to its caller. A job's own exit code passes through; Mayfly's codes
 * are those that {@code timeout(1)}, {@code docker run} and {@code sysexits.h} made familiar.
 */
final class ExitCode {

    static final int OK = 0;

    /** The command line itself is wrong. */
    static final int USAGE = 2;

    /** What was asked for does not exist, or has the wrong state. */
    static final int NOT_FOUND = 4;

    /** No daemon answers. */
    static final int UNAVAILABLE = 69;

    /** A defect in Mayfly. */
    static final int DEFECT = 70;

    /** The configuration or a job file has problems; they were printed. */
    static final int BAD_CONFIG = 78;

    /** The job held more of the disk than it may. */
    static final int OUT_OF_DISK = 123;

    static final int TIMED_OUT = 124;
    static final int FAULTED = 125;
    static final int DENIED = 126;
    static final int CANCELLED = 130;
    static final int OUT_OF_MEMORY = 137;

    private ExitCode() {}

    /** The code for a job's end, so that a script can tell them apart. */
    static int of(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Passed() -> OK;
            case Outcome.Failed(int code) -> code;
            case Outcome.OutOfMemory(long _) -> OUT_OF_MEMORY;
            case Outcome.OutOfDisk(String _) -> OUT_OF_DISK;
            case Outcome.TimedOut(var _) -> TIMED_OUT;
            case Outcome.Cancelled(String _) -> CANCELLED;
            case Outcome.Denied(String _) -> DENIED;
            case Outcome.Faulted(var _, String _) -> FAULTED;
            case Outcome.Lost() -> FAULTED;
        };
    }
}
