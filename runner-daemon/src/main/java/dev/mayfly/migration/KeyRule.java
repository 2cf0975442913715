package dev.mayfly.migration;

/**
 * What becomes of one key, or of all keys below one.
 *
 * @param key its path without indices, such as {@code runners.docker.memory}
 * @param fate what becomes of it
 * @param remark the new key, or why there is none and what to do
 */
public record KeyRule(String key, Fate fate, String remark) {}
