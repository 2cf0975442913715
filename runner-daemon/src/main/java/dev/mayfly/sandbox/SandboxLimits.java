package dev.mayfly.sandbox;

/**
 * What one container may use. Each of a sandbox's containers has these; only the disk is for all of
 * them together.
 *
 * @param memoryBytes memory, tmpfs included; there is no swap
 * @param cpus processors, fractions allowed
 * @param pids processes and threads
 * @param openFiles file descriptors of one process
 * @param tmpBytes size of the tmpfs at /tmp; counts against memory
 * @param disk what they may hold on the engine's disk, all together
 */
public record SandboxLimits(
        long memoryBytes, double cpus, int pids, int openFiles, long tmpBytes, DiskLimits disk) {

    /** Limits without one for the disk. */
    public SandboxLimits(long memoryBytes, double cpus, int pids, int openFiles, long tmpBytes) {
        this(memoryBytes, cpus, pids, openFiles, tmpBytes, DiskLimits.NONE);
    }
}
