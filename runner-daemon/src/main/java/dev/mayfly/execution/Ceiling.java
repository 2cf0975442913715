package dev.mayfly.execution;

import dev.mayfly.job.ResourceRequest;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.SandboxLimits;
import org.jspecify.annotations.Nullable;

/**
 * A job's own limits within its pool's. Admission refused what is above; this never exceeds either
 * way.
 */
final class Ceiling {

    private Ceiling() {}

    static SandboxLimits of(SandboxLimits pool, ResourceRequest asked) {
        long memory = lower(asked.memoryBytes(), pool.memoryBytes());
        return new SandboxLimits(
                memory,
                lower(asked.cpus(), pool.cpus()),
                lower(asked.pids(), pool.pids()),
                pool.openFiles(),
                Math.min(pool.tmpBytes(), memory),
                new DiskLimits(lower(asked.diskBytes(), pool.disk().bytes()), pool.disk().files()));
    }

    static <T extends Comparable<T>> T lower(@Nullable T asked, T ceiling) {
        return asked == null || asked.compareTo(ceiling) > 0 ? ceiling : asked;
    }
}
