package dev.mayfly.config;

import java.nio.file.Path;

/**
 * What of a job lies on the machine of whoever submits it, and has to be packed there before the
 * job can go anywhere.
 */
public sealed interface LocalSources {

    /** Nothing: the job is complete as it is. */
    record None() implements LocalSources {}

    /**
     * A directory.
     *
     * @param directory absolute; may not exist
     */
    record Directory(Path directory) implements LocalSources {}

    /**
     * A git repository.
     *
     * @param repository absolute; may not exist
     * @param revision a commit's hash, a branch, a tag or {@code HEAD}; never starts with a dash
     */
    record Repository(Path repository, String revision) implements LocalSources {}
}
