package dev.mayfly.artifacts;

/**
 * One thing in the source directory, as it is when nothing of the job runs any more.
 *
 * @param path relative to the directory, with slashes; never empty
 * @param kind what it is
 * @param bytes of a file's content
 * @param attributes what a file system knows beside that
 * @param target where a symbolic link points to; otherwise empty
 */
record WorkspaceEntry(String path, Kind kind, long bytes, Attributes attributes, String target) {

    /** What can be there. */
    enum Kind {
        FILE,
        DIRECTORY,
        LINK,
        /** A pipe, a socket, a device: never kept. */
        OTHER
    }

    /**
     * What a file system knows of an entry.
     *
     * @param mode permission bits
     * @param modifiedSeconds since 1970
     * @param readable whether the job's user may read it
     */
    record Attributes(int mode, long modifiedSeconds, boolean readable) {}
}
