package dev.mayfly.job;

/**
 * The kinds of failure that are not the script's. A closed list, because metrics and people match
 * on it.
 */
public enum Fault {
    /** The container engine refused, failed or did not answer in time. */
    ENGINE,
    /** An image does not exist, is not to be had by this job, or cannot be used as it is. */
    IMAGE,
    /** A registry could not be reached or failed, so that an image could not be had. */
    REGISTRY,
    /** A secret is missing, is not for this job, or cannot be used as it is. */
    SECRET,
    /** The provider of secrets could not be reached or failed, so that one could not be had. */
    SECRETS_PROVIDER,
    /** The source directory could not be filled. */
    WORKSPACE,
    /** A service did not start or ended at once. */
    SERVICE,
    /** Files could not be brought from other jobs, or not be kept for them. */
    ARTIFACTS,
    /** The job's log could not be delivered. */
    LOG,
    /** A defect in Mayfly. */
    INTERNAL
}
