package dev.mayfly.source.local;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the API tells of the process itself. Each is asked on a worker thread and should answer
 * within a second.
 *
 * @param metrics in the format that the value of an {@code Accept} header wants, which may be empty
 * @param notAlive reasons to restart the process; empty when there is none
 * @param notReady reasons why no job can be run now; empty when there is none
 * @param operations what an operator may ask
 */
public record ApiProbes(
        Function<String, Metrics> metrics,
        Supplier<List<String>> notAlive,
        Supplier<List<String>> notReady,
        Operations operations) {

    /**
     * Metrics as they are at a moment.
     *
     * @param contentType of the text
     */
    public record Metrics(String contentType, String text) {}
}
