package dev.mayfly.job;

import java.nio.file.Path;

/** Where the source directory's content comes from. */
public sealed interface WorkspaceSource {

    /** Nothing: the directory starts empty. */
    record Empty() implements WorkspaceSource {}

    /**
     * A repository that the helper clones.
     *
     * @param url what {@code git fetch} accepts over a network
     * @param commit full hash of the commit, 40 or 64 hexadecimal digits
     * @param how what is fetched, and by what right
     */
    record Git(String url, String commit, GitFetch how) implements WorkspaceSource {

        /** The commit alone, from a server that wants nothing. */
        public Git(String url, String commit) {
            this(url, commit, GitFetch.COMMIT);
        }
    }

    /**
     * A directory that was packed where the job was submitted.
     *
     * @param tar the archive, uncompressed, on this host; its owner deletes it with the job
     */
    record Archive(Path tar) implements WorkspaceSource {}

    /**
     * A repository that was packed where the job was submitted, to be cloned in the helper.
     *
     * @param bundle what {@code git bundle create} made, on this host; its owner deletes it with
     *     the job
     * @param commit full hash of the commit, 40 or 64 hexadecimal digits
     */
    record Bundle(Path bundle, String commit) implements WorkspaceSource {}
}
