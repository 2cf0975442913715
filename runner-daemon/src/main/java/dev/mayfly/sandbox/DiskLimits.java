package dev.mayfly.sandbox;

/**
 * What one sandbox may hold on the engine's disk: its workspace, the writable layers of its
 * containers and the volumes that the engine makes for their images, all together.
 *
 * @param bytes allocated on the disk; a sparse file counts for what is written of it
 * @param files files and directories
 */
public record DiskLimits(long bytes, long files) {

    /** Whatever the disk holds. */
    public static final DiskLimits NONE = new DiskLimits(Long.MAX_VALUE, Long.MAX_VALUE);
}
