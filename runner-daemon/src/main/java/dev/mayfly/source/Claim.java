package dev.mayfly.source;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import java.util.List;

/**
 * A job that this process has taken and nobody else will get.
 *
 * @param job its id
 * @param facts what is known of it, and who says so
 * @param spec what its author asked for
 * @param cancellation requested by the source when its user cancels
 * @param tokenPrefixes what tokens begin with that the source's server wants masked in the log,
 *     whoever's they are
 */
public record Claim(
        JobId job,
        Facts facts,
        JobSpec spec,
        Cancellation cancellation,
        List<String> tokenPrefixes) {

    public Claim {
        tokenPrefixes = List.copyOf(tokenPrefixes);
    }

    /** A job of a source that has no server. */
    public Claim(JobId job, String source, JobSpec spec, Cancellation cancellation) {
        this(job, Facts.ofSource(source, spec), spec, cancellation, List.of());
    }

    /** Name of the source it came from. */
    public String source() {
        return facts.source();
    }
}
