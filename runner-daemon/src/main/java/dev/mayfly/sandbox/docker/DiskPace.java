package dev.mayfly.sandbox.docker;

import java.time.Duration;

/**
 * When a job's use of the disk is worth measuring again. A measurement walks through all its files;
 * what is free on the whole file system costs nothing to ask and says when that cannot be needed.
 *
 * @param last what was measured last
 * @param took how long that took
 * @param limitBytes what the job may use
 */
record DiskPace(DiskUse last, Duration took, long limitBytes) {

    /** How often what is free is asked. */
    static final Duration GLANCE = Duration.ofMillis(250);

    /** Before the first measurement, unless the disk fills. Short jobs are never measured. */
    static final Duration FIRST = Duration.ofSeconds(3);

    /** Between two measurements while something fills the disk, or nobody knows. */
    static final Duration BUSY = Duration.ofSeconds(2);

    /** Between two measurements while nothing fills it, or others free what this job fills. */
    static final Duration CALM = Duration.ofSeconds(10);

    /** A hundred thousand empty files fill directories by that much. */
    static final long NOTICEABLE_BYTES = 2L << 20;

    /** What may always be written before somebody looks. */
    static final long LEAST_STEP_BYTES = 64L << 20;

    /** Of the time, measuring takes at most a fifth. */
    private static final int SHARE = 4;

    /**
     * Whether to measure now.
     *
     * @param since the last measurement's end
     * @param lostBytes by how much less is free than then; negative where more is
     * @param known whether that is known
     */
    boolean isDue(Duration since, long lostBytes, boolean known) {
        if (since.compareTo(took.multipliedBy(SHARE)) < 0) {
            return false;
        }
        Duration usual = known && lostBytes < NOTICEABLE_BYTES ? CALM : BUSY;
        boolean filling = known && lostBytes >= step();
        return filling || since.compareTo(usual) >= 0;
    }

    /** Smaller the nearer the job is to its limit. */
    private long step() {
        return Math.max(
                Math.min(LEAST_STEP_BYTES, limitBytes / 4), (limitBytes - last.bytes()) / 4);
    }
}
