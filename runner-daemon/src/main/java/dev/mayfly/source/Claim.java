package dev.mayfly.source;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import java.util.List;

/**
 * A job that this process has taken and nobody else will get.
 *
 * @param job its id
 * @param source name of the source it came from
 * @param spec what its author asked for
 * @param cancellation requested by the source when its user cancels
 * @param tokenPrefixes what tokens begin with that the source's server wants masked in the log,
 *     whoever's they are
 */
public record Claim(
        JobId job,
        String source,
        JobSpec spec,
        Cancellation cancellation,
        List<String> tokenPrefixes) {

    public Claim {
        tokenPrefixes = List.copyOf(tokenPrefixes);
    }

    /** A job of a source that names no tokens. */
    public Claim(JobId job, String source, JobSpec spec, Cancellation cancellation) {
        this(job, source, spec, cancellation, List.of());
    }
}
