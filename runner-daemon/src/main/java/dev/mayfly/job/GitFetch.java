package dev.mayfly.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a repository is fetched. The workspace is always fresh, so there is nothing to clean or to
 * update.
 *
 * @param refspecs what to fetch; empty for the commit alone, or everything from a server that does
 *     not hand it out
 * @param depth of the history, 0 for all of it
 * @param flags further arguments of {@code git fetch}
 * @param attempts how often it is tried, at least 1
 * @param content what is put into the source directory
 * @param access what the server wants of who fetches
 * @param hooks what the job's author wants to run around it
 * @param directory where the sources go, absolute and below {@link Places#WORKSPACE}; or null for
 *     {@link Places#SOURCES}
 */
public record GitFetch(
        List<String> refspecs,
        int depth,
        List<String> flags,
        int attempts,
        Content content,
        Access access,
        Hooks hooks,
        @Nullable String directory) {

    /** The commit and its files, from a server that wants nothing. */
    public static final GitFetch COMMIT =
            new GitFetch(List.of(), 1, List.of(), 1, Content.FILES, Access.OPEN, Hooks.NONE, null);

    public GitFetch {
        refspecs = List.copyOf(refspecs);
        flags = List.copyOf(flags);
        if (depth < 0) {
            throw new IllegalArgumentException("a depth is not negative, got " + depth);
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("nothing comes of " + attempts + " attempts");
        }
    }

    /**
     * Lines that run where the sources are fetched, with the job's variables; one that fails fails
     * the job.
     *
     * @param before the sources are fetched
     * @param after they are
     */
    public record Hooks(List<String> before, List<String> after) {

        public static final Hooks NONE = new Hooks(List.of(), List.of());

        public Hooks {
            before = List.copyOf(before);
            after = List.copyOf(after);
        }
    }

    /**
     * What is put into the source directory.
     *
     * @param ref what people call the commit, for the log; empty for nothing
     * @param checkout whether the commit's files are, or the history alone
     * @param submodules which repositories inside the repository
     * @param largeFiles whether the contents of files in Git LFS are fetched, where the helper has
     *     git-lfs
     */
    public record Content(String ref, boolean checkout, Submodules submodules, boolean largeFiles) {

        /** The commit's files and nothing more. */
        public static final Content FILES = new Content("", true, Submodules.NONE, false);
    }

    /**
     * Repositories inside the repository.
     *
     * @param mode how far
     * @param depth of their history, 0 for all of it
     * @param paths which of them; empty for all
     * @param flags further arguments of {@code git submodule update}
     */
    public record Submodules(Mode mode, int depth, List<String> paths, List<String> flags) {

        public static final Submodules NONE = new Submodules(Mode.NONE, 0, List.of(), List.of());

        public Submodules {
            paths = List.copyOf(paths);
            flags = List.copyOf(flags);
        }

        /** How far submodules are fetched. */
        public enum Mode {
            NONE,
            /** Those of the repository. */
            NORMAL,
            /** Theirs too. */
            RECURSIVE
        }
    }

    /**
     * What a server wants of who fetches. Reaches git through files that are gone before the script
     * begins; never part of an address, an argument or the repository's configuration.
     *
     * @param base the addresses it is for begin with this; no other server sees the password
     * @param user the user's name; empty for none
     * @param password in memory only, or null for none
     * @param authorities certificates in PEM of who may sign the server's, or null for the usual
     * @param insteadOf addresses that begin like one of these are fetched from {@code base}
     */
    public record Access(
            String base,
            String user,
            @Nullable SecretValue password,
            @Nullable String authorities,
            List<String> insteadOf) {

        /** A server that wants nothing. */
        public static final Access OPEN = new Access("", "", null, null, List.of());

        public Access {
            insteadOf = List.copyOf(insteadOf);
        }
    }
}
