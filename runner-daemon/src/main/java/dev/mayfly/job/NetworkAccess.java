package dev.mayfly.job;

/** How far a job's packets may go, least first, so that a pool's limit can be compared with it. */
public enum NetworkAccess {
    /** Nowhere but the job's own services; without services there is no network at all. */
    NONE,
    /** As far as the pool's egress lets it; without one, wherever the host can reach. */
    FULL
}
