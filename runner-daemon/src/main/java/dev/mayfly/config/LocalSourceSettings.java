package dev.mayfly.config;

import dev.mayfly.job.PoolName;
import java.time.Duration;
import java.util.List;

/**
 * The embedded source.
 *
 * @param feeds the pools its jobs may run in; never empty
 * @param defaultPool the pool of jobs that ask for none; one of {@code feeds}
 * @param maxQueued how many jobs may wait
 * @param keepFinished how long finished jobs are remembered
 */
public record LocalSourceSettings(
        List<PoolName> feeds, PoolName defaultPool, int maxQueued, Duration keepFinished) {

    public LocalSourceSettings {
        feeds = List.copyOf(feeds);
    }
}
