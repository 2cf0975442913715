package dev.mayfly.job;

/**
 * An image that a job's environment was made of.
 *
 * @param reference as the job or its pool names it
 * @param identity what tells its bytes from any others: a repository with a digest where a registry
 *     has it, otherwise the hash of its configuration
 */
public record UsedImage(String reference, String identity) {}
