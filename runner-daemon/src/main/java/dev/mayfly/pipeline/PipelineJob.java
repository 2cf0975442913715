package dev.mayfly.pipeline;

import dev.mayfly.config.Problem;
import dev.mayfly.job.JobSpec;
import java.util.List;

/**
 * One job of a pipeline, to be run here.
 *
 * @param spec the job; its workspace is empty until the sources are packed
 * @param wantsSources whether it wants the working tree, not an empty directory
 * @param notes what of the job and its pipeline is not done in a local run, each with what to do
 *     about it
 */
public record PipelineJob(JobSpec spec, boolean wantsSources, List<Problem> notes) {

    public PipelineJob {
        notes = List.copyOf(notes);
    }
}
