package dev.mayfly.job;

/**
 * An earlier job whose artifacts are unpacked into the source directory.
 *
 * @param id what the source calls it
 * @param name what people call it
 * @param bytes of the archive as the source says, or 0 where it does not
 */
public record Dependency(String id, String name, long bytes) {}
