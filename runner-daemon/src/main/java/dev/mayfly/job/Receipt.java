package dev.mayfly.job;

import java.time.Instant;
import java.util.List;

/**
 * Evidence that a job's environment is gone: each resource with how its absence was established.
 *
 * @param job the job
 * @param life the life that destroyed it, which after a crash is not the one that created it
 * @param at when the last check was made
 * @param disposals one entry for each resource that was ever intended
 * @param images what the environment was made of, in the order of use
 */
public record Receipt(
        JobId job, LifeId life, Instant at, List<Disposal> disposals, List<UsedImage> images) {

    public Receipt {
        disposals = List.copyOf(disposals);
        images = List.copyOf(images);
    }

    /** A receipt for an environment of which no image is known. */
    public Receipt(JobId job, LifeId life, Instant at, List<Disposal> disposals) {
        this(job, life, at, disposals, List.of());
    }

    /** Whether nothing is left, by verification and not by hope. */
    public boolean clean() {
        return disposals.stream().allMatch(Disposal::verified);
    }

    /**
     * One resource's end.
     *
     * @param resource what it was
     * @param verified whether its owner was asked afterwards and did not know it
     * @param evidence what was asked and what came back
     */
    public record Disposal(OwnedResource resource, boolean verified, String evidence) {}
}
