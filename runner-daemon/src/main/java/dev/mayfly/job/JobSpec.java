package dev.mayfly.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a job's author asked for. Nothing in it is trusted before admission has reviewed it.
 *
 * @param name what people call the job; shown, never interpreted
 * @param pool the pool the author asks for, or null for the default of the job's source
 * @param steps what is run and for how long at most
 * @param environment what it is run in
 * @param inputs what it is given
 * @param artifacts glob patterns of files to keep, relative to the source directory
 */
public record JobSpec(
        String name,
        @Nullable PoolName pool,
        Steps steps,
        JobEnvironment environment,
        Inputs inputs,
        List<String> artifacts) {

    public JobSpec {
        artifacts = List.copyOf(artifacts);
    }
}
