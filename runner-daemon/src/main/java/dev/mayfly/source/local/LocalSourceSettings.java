package dev.mayfly.source.local;

import dev.mayfly.job.PoolName;
import java.time.Duration;

/**
 * What the configuration says of a local source.
 *
 * @param name what the configuration calls it
 * @param defaultPool the pool of a job that asks for none
 * @param queue who may take what is submitted here
 * @param keepFinished how long a job and its log are kept after it was released
 * @param maxQueued how many jobs may wait; one more is refused
 */
public record LocalSourceSettings(
        String name, PoolName defaultPool, Queue queue, Duration keepFinished, int maxQueued) {

    public LocalSourceSettings {
        if (keepFinished.isNegative()) {
            throw new IllegalArgumentException(
                    "keepFinished is " + keepFinished + ", must not be negative");
        }
        if (maxQueued < 1) {
            throw new IllegalArgumentException(
                    "maxQueued is " + maxQueued + ", must be at least 1");
        }
    }

    /** Who may take what is submitted. */
    public enum Queue {
        /** Any process with a source of the same name. Submitted jobs outlive the submitter. */
        SHARED,
        /** This process only, which takes nothing else; for a command that runs its own job. */
        PRIVATE
    }
}
