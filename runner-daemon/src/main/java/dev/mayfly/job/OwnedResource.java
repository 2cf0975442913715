package dev.mayfly.job;

/**
 * Something outside this process that exists for a job and must not outlive it.
 *
 * @param kind what it is
 * @param name what its owner calls it: a container's name, a lease's id
 */
public record OwnedResource(Kind kind, String name) {

    /** What needs destroying. */
    public enum Kind {
        CONTAINER,
        NETWORK,
        VOLUME,
        LEASE
    }
}
