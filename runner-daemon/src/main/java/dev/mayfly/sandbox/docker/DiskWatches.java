package dev.mayfly.sandbox.docker;

import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import dev.mayfly.sandbox.SandboxSpec;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The watches of this process, so that each can be ended before its job's containers are removed.
 */
final class DiskWatches {

    private final EngineDisk disk;
    private final OpenStreams streams;
    private final Map<JobId, DiskWatch> watches = new ConcurrentHashMap<>();

    DiskWatches(EngineDisk disk, OpenStreams streams) {
        this.disk = disk;
        this.streams = streams;
    }

    /** Watches a job from now on. */
    DiskWatch begin(SandboxSpec spec, DiskGauge gauge) {
        // Without its stream an agent ends everything in its container, services too.
        DiskWatch watch = new DiskWatch(spec, gauge, disk, () -> streams.close(spec.job()));
        watches.put(spec.job(), watch);
        watch.start();
        return watch;
    }

    /** Why a job was ended, if it was. */
    Optional<Outcome> ended(JobId job) {
        DiskWatch watch = watches.get(job);
        return watch == null ? Optional.empty() : watch.ended();
    }

    /** Watches a job no longer; returns when nothing more is made for that. */
    void close(JobId job) throws InterruptedException {
        DiskWatch watch = watches.remove(job);
        if (watch != null) {
            watch.close();
        }
    }
}
