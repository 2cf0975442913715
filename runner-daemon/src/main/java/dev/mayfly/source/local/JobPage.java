package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Some jobs of a list.
 *
 * @param jobs newest first
 * @param next what to ask for the next page with, or null when this was the last
 */
public record JobPage(List<LocalJob> jobs, @Nullable JobId next) {

    public JobPage {
        jobs = List.copyOf(jobs);
    }
}
