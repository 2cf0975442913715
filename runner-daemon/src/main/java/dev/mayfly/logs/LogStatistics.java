package dev.mayfly.logs;

import java.util.List;

/**
 * What went through one job's log.
 *
 * @param receivedBytes what the job printed
 * @param deliveredBytes what of it was delivered, masked
 * @param droppedBytes what was masked and then not delivered because of the limit
 * @param hits by secret and variant, the ones that occurred only
 */
public record LogStatistics(
        long receivedBytes, long deliveredBytes, long droppedBytes, List<Hits> hits) {

    public LogStatistics {
        hits = List.copyOf(hits);
    }

    /**
     * How often one form of one secret was masked in the job's output. Of overlapping occurrences
     * only the one that ends first is counted. Never says where.
     *
     * @param secret the secret's name
     * @param variant the form
     * @param count at least 1
     */
    public record Hits(String secret, Variant variant, long count) {}
}
