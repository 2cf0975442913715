package dev.mayfly.admission;

import dev.mayfly.job.PoolName;
import java.util.List;

/**
 * Which pools the jobs of one source may run in. The trust of a job comes from here, never from the
 * job.
 *
 * @param feeds the pools; never empty
 * @param defaultPool the pool of a job that asks for none; one of {@code feeds}
 */
public record SourceBinding(List<PoolName> feeds, PoolName defaultPool) {

    public SourceBinding {
        feeds = List.copyOf(feeds);
        if (!feeds.contains(defaultPool)) {
            throw new IllegalArgumentException(
                    "the default pool " + defaultPool + " is not among the fed pools " + feeds);
        }
    }
}
