package dev.mayfly.source;

import java.time.Duration;

/**
 * What waits at a source for one pool.
 *
 * @param jobs how many
 * @param oldest for how long the first of them has waited; zero when there is none
 */
public record Backlog(int jobs, Duration oldest) {}
