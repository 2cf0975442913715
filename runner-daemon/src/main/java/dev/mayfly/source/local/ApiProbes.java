package dev.mayfly.source.local;

import java.util.List;
import java.util.function.Supplier;

/**
 * What the API tells of the process itself. Each is asked on a worker thread and should answer
 * within a second.
 *
 * @param metrics Prometheus text
 * @param notAlive reasons to restart the process; empty when there is none
 * @param notReady reasons why no job can be run now; empty when there is none
 * @param operations what an operator may ask
 */
public record ApiProbes(
        Supplier<String> metrics,
        Supplier<List<String>> notAlive,
        Supplier<List<String>> notReady,
        Operations operations) {}
