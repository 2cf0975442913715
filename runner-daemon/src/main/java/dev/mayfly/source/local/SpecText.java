package dev.mayfly.source.local;

import dev.mayfly.job.JobSpec;
import java.util.function.Function;

/**
 * How a job is written down.
 *
 * @param write makes a JSON object of it
 * @param read makes the same job of that; throws a RuntimeException for anything else
 */
public record SpecText(Function<JobSpec, String> write, Function<String, JobSpec> read) {}
