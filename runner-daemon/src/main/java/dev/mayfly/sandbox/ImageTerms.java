package dev.mayfly.sandbox;

import dev.mayfly.job.ImageRules;

/**
 * On what terms one job gets images.
 *
 * @param rules of its pool
 * @param project whose job it is, as the job's source calls it; empty where sources have none
 * @param run what all runs of the same commit have in common, and nothing else has: for these a tag
 *     stands for the same bytes; empty for a job without a commit
 * @param poolsOwn whether the job's container is made of the pool's own image: that is the
 *     operator's, who may change it at any time
 */
public record ImageTerms(ImageRules rules, String project, String run, boolean poolsOwn) {

    /** Whatever there is. */
    public static final ImageTerms NONE = new ImageTerms(ImageRules.NONE, "", "", false);
}
