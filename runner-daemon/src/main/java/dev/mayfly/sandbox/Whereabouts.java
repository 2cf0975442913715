package dev.mayfly.sandbox;

import dev.mayfly.job.JobId;
import java.util.Optional;
import java.util.Set;

/** Remembers on which engines something was intended. Safe for use by many threads. */
@FunctionalInterface
public interface Whereabouts {

    /**
     * On which engines something was intended for a job: on no other is anything of it.
     *
     * @return empty for a job that nothing is known of, which can be anywhere
     */
    Optional<Set<EngineName>> of(JobId job);
}
