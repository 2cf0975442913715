package dev.mayfly.job;

import java.util.List;

/**
 * Files that later jobs of the same project may find again, or may not: a cache saves time and
 * holds nothing else.
 *
 * @param key what it is saved as; never empty
 * @param fallbackKeys what else is looked for, in order
 * @param direction whether it is looked for, saved, or both
 * @param when after which outcomes it is saved
 * @param files which files, and how they are packed
 */
public record CacheUse(
        String key, List<String> fallbackKeys, Direction direction, When when, Files files) {

    public CacheUse {
        fallbackKeys = List.copyOf(fallbackKeys);
        if (key.isEmpty()) {
            throw new IllegalArgumentException("a cache needs a key");
        }
    }

    /** What is done with a cache. */
    public enum Direction {
        PULL,
        PUSH,
        PULL_PUSH;

        public boolean pulls() {
            return this != PUSH;
        }

        public boolean pushes() {
            return this != PULL;
        }
    }

    /**
     * What is saved.
     *
     * @param selection which files
     * @param level of the compression, as in {@link Artifact.Packing}
     */
    public record Files(FileSelection selection, int level) {}
}
