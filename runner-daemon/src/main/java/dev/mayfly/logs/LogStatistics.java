package dev.mayfly.logs;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What went through one job's log.
 *
 * @param receivedBytes what the job printed
 * @param deliveredBytes what of it was delivered, masked
 * @param droppedBytes what was masked and then not delivered because of the limit
 * @param hits by secret and variant, the ones that occurred only
 * @param tokens how often something was masked that only looked like a token, by the shape's name
 */
public record LogStatistics(
        long receivedBytes,
        long deliveredBytes,
        long droppedBytes,
        List<Hits> hits,
        Map<String, Long> tokens) {

    public LogStatistics {
        hits = List.copyOf(hits);
        tokens = Collections.unmodifiableMap(new LinkedHashMap<>(tokens));
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
