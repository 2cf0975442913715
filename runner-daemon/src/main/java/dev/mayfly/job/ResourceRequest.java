package dev.mayfly.job;

import org.jspecify.annotations.Nullable;

/**
 * Limits a job sets for itself; a pool's own limits are the ceiling.
 *
 * @param memoryBytes memory without swap, or null for the pool's
 * @param cpus processors, fractions allowed, or null for the pool's
 * @param pids processes and threads, or null for the pool's
 * @param diskBytes workspace, writable layers and volumes of all its containers together, or null
 *     for the pool's
 */
public record ResourceRequest(
        @Nullable Long memoryBytes,
        @Nullable Double cpus,
        @Nullable Integer pids,
        @Nullable Long diskBytes) {

    /** Asks for nothing in particular. */
    public static final ResourceRequest NONE = new ResourceRequest(null, null, null, null);

    /** Asks for nothing in particular of the disk. */
    public ResourceRequest(
            @Nullable Long memoryBytes, @Nullable Double cpus, @Nullable Integer pids) {
        this(memoryBytes, cpus, pids, null);
    }
}
