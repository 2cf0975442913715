package dev.mayfly.egress;

/** Where the jobs of each project have been. Safe for use by many threads. */
@FunctionalInterface
public interface KnownDestinations {

    /** Remembers nothing: nothing is new. */
    KnownDestinations NONE = (_, _) -> false;

    /**
     * Remembers a destination.
     *
     * @param project whose job was there
     * @param destination host and port
     * @return whether no job of the project had been there before
     */
    boolean isNew(String project, String destination);
}
