package dev.mayfly.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * What a git checkout says of itself, without asking a server.
 *
 * @param commit that is checked out
 * @param ref what leads to it
 * @param remote the address of {@code origin}, or null
 * @param defaultBranch of {@code origin}, or null where it is not known
 */
public record Checkout(
        Commit commit, Ref ref, @Nullable String remote, @Nullable String defaultBranch) {

    /**
     * A commit.
     *
     * @param sha full hash
     * @param author as {@code Name <address>}
     * @param time as ISO 8601
     * @param message all of it
     */
    public record Commit(String sha, String author, String time, String message) {}

    /**
     * A branch or a tag.
     *
     * @param branch null where none is checked out
     * @param tag of exactly this commit, null for none
     */
    public record Ref(@Nullable String branch, @Nullable String tag) {}
}
