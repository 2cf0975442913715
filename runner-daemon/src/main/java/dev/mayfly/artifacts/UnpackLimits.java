package dev.mayfly.artifacts;

/**
 * What one archive may become. Holds against archives that are small and unpack to a lot.
 *
 * @param bytes of all files together
 * @param entries files, directories and links
 */
public record UnpackLimits(long bytes, int entries) {}
