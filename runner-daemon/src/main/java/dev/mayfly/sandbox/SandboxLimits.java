package dev.mayfly.sandbox;

/**
 * What one container may use. Each of a sandbox's containers has these.
 *
 * @param memoryBytes memory, tmpfs included; there is no swap
 * @param cpus processors, fractions allowed
 * @param pids processes and threads
 * @param openFiles file descriptors of one process
 * @param tmpBytes size of the tmpfs at /tmp; counts against memory
 */
public record SandboxLimits(
        long memoryBytes, double cpus, int pids, int openFiles, long tmpBytes) {}
