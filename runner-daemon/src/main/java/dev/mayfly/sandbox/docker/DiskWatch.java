package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.Outcome;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.SandboxSpec;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a job that holds more of the engine's disk than it may. Runs on a thread of its own, from
 * before the job's services are waited for until its teardown.
 */
final class DiskWatch {

    private static final Logger LOG = LoggerFactory.getLogger(DiskWatch.class);

    /** Millions of files are walked through in less. */
    private static final Duration WALK_LIMIT = Duration.ofSeconds(60);

    /** What is being made is waited for, which is bounded by a call to the engine. */
    private static final Duration CLOSING = Duration.ofMinutes(1);

    /** What cannot be measured so often is not let go on. */
    private static final int FAILURES = 3;

    /** Between two looks for files without a name, as long as none is found; doubled for each. */
    private static final Duration FIRST_INSPECT_PAUSE = Duration.ofSeconds(2);

    private static final Duration LAST_INSPECT_PAUSE = Duration.ofMinutes(1);

    /** What others write between the two looks at what is free. */
    private static final long TOLERANCE_BYTES = 1L << 30;

    private final SandboxSpec spec;
    private final DiskGauge gauge;
    private final EngineDisk disk;
    private final Runnable end;
    private final Thread thread;
    private volatile @Nullable Outcome ended;
    private int failures;
    private long nameless;
    private Duration inspectPause = FIRST_INSPECT_PAUSE;
    private long inspectAt = System.nanoTime();

    /** Whether what is free can be seen from here: on another host's socket it cannot. */
    private boolean sees = true;

    /**
     * Prepares; {@link #start()} begins to look.
     *
     * @param end ends everything in the sandbox; any number of times
     */
    DiskWatch(SandboxSpec spec, DiskGauge gauge, EngineDisk disk, Runnable end) {
        this.spec = spec;
        this.gauge = gauge;
        this.disk = disk;
        this.end = end;
        this.thread = Thread.ofVirtual().name("disk-" + spec.job()).unstarted(this::watch);
    }

    /** Begins to look, if there is a limit. */
    void start() {
        if (!spec.limits().disk().equals(DiskLimits.NONE)) {
            thread.start();
        }
    }

    /** Why the job was ended, or empty as long as it was not. */
    Optional<Outcome> ended() {
        return Optional.ofNullable(ended);
    }

    private void watch() {
        try {
            long limit = spec.limits().disk().bytes();
            long free = free().orElse(0);
            long started = free;
            long at = System.nanoTime();
            // As if something had been measured, so that the first time comes soon.
            DiskPace pace = new DiskPace(new DiskUse(0, 0, free), Duration.ZERO, limit);
            boolean first = true;
            while (ended == null) {
                Thread.sleep(DiskPace.GLANCE);
                OptionalLong now = free();
                Duration since = Duration.ofNanos(System.nanoTime() - at);
                long lost = free - now.orElse(free);
                boolean isFirst = first && since.compareTo(DiskPace.FIRST) >= 0;
                boolean again = failures > 0 && since.compareTo(DiskPace.BUSY) >= 0;
                boolean due = isFirst || again || pace.isDue(since, lost, now.isPresent());
                if (!due) {
                    continue;
                }
                DiskUse use = measured(started);
                at = System.nanoTime();
                if (use == null) {
                    pace = new DiskPace(pace.last(), gauge.took(), limit);
                    continue;
                }
                free = now.orElse(free);
                sees = sees && Math.abs(use.freeBytes() - free) < TOLERANCE_BYTES;
                if (first && (started == 0 || !sees)) {
                    started = use.freeBytes() + use.bytes();
                }
                first = false;
                pace = new DiskPace(use, gauge.took(), limit);
                LOG.debug("job={} use={} took={}", spec.job(), use, gauge.took());
                use.beyond(spec.limits().disk()).map(this::excess).ifPresent(this::end);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the sandbox is being destroyed
        } catch (RuntimeException | Error e) {
            LOG.error("defect in the watch of the disk job={}", spec.job(), e);
            end( // never unwatched
                    new Outcome.Faulted(
                            Fault.INTERNAL,
                            "a defect in Mayfly made it unknown how much of the disk the job holds;"
                                    + " see its log"));
        }
    }

    private OptionalLong free() throws InterruptedException {
        try {
            return sees ? disk.free() : OptionalLong.empty();
        } catch (FaultException e) {
            LOG.debug("job={} what is free cannot be asked", spec.job(), e);
            return OptionalLong.empty();
        }
    }

    /**
     * Measures.
     *
     * @param started what was free when the job began, or 0
     * @return null if that failed
     */
    private @Nullable DiskUse measured(long started) throws InterruptedException {
        try {
            DiskUse use = withNameless(gauge.measure(WALK_LIMIT), started);
            failures = 0;
            return use;
        } catch (FaultException e) {
            failures++;
            LOG.warn("job={} failures={} of {}", spec.job(), failures, FAILURES, e);
            if (failures == FAILURES) {
                end(
                        new Outcome.Faulted(
                                Fault.ENGINE,
                                "no job goes on whose use of the disk nobody knows, and measuring it"
                                        + " failed "
                                        + FAILURES
                                        + " times, at last so: "
                                        + e.getMessage()));
            }
            return null;
        }
    }

    /**
     * Where the disk has lost much that is not among the job's files, whose that is is looked for:
     * it may be what others have written, or this job in files that it has unlinked and keeps open.
     */
    private DiskUse withNameless(DiskUse use, long started) throws InterruptedException {
        long unexplained = started - use.freeBytes() - use.bytes();
        boolean suspicious = unexplained >= spec.limits().disk().bytes() / 2;
        if (!suspicious) {
            nameless = 0;
            return use;
        }
        if (System.nanoTime() - inspectAt < 0) {
            return new DiskUse(use.bytes() + nameless, use.files(), use.freeBytes());
        }
        nameless = gauge.namelessBytes(WALK_LIMIT);
        inspectPause =
                nameless > 0 || inspectPause.compareTo(LAST_INSPECT_PAUSE) >= 0
                        ? inspectPause
                        : inspectPause.multipliedBy(2);
        inspectAt = System.nanoTime() + inspectPause.toNanos();
        return new DiskUse(use.bytes() + nameless, use.files(), use.freeBytes());
    }

    private Outcome excess(String use) {
        return new Outcome.OutOfDisk(
                "disk limit of pool %s: %s in workspace, writable layers and volumes; use less, or raise pools[].disk or pools[].files"
                        .formatted(spec.pool(), use));
    }

    private void end(Outcome why) {
        ended = why;
        LOG.warn("job={} pool={} ended because={}", spec.job(), spec.pool(), why.sentence());
        end.run();
    }

    /** Ends the watch, and returns when nothing more will be made by it. */
    void close() throws InterruptedException {
        thread.interrupt();
        if (thread.getState() != Thread.State.NEW && !thread.join(CLOSING)) {
            LOG.warn("job={} the watch of its disk does not end", spec.job());
        }
    }
}
