package dev.mayfly.migration;

/**
 * What became of one key of a file. Never holds its value.
 *
 * @param key as in the file, such as {@code runners[0].docker.privileged}
 * @param fate what became of it
 * @param remark the new key, or why there is none and what to do
 */
public record Finding(String key, Fate fate, String remark) {}
