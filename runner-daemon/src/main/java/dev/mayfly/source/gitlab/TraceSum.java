package dev.mayfly.source.gitlab;

/**
 * What a log adds up to.
 *
 * @param crc32 of all its bytes, IEEE polynomial
 * @param bytes how many
 */
public record TraceSum(long crc32, long bytes) {

    /** Of a log in which nothing is. */
    static final TraceSum EMPTY = new TraceSum(0, 0);

    /** In GitLab's form. */
    String checksum() {
        return "crc32:%08x".formatted(crc32);
    }
}
