package dev.mayfly.job;

import org.jspecify.annotations.Nullable;

/**
 * Files of a job that its source keeps when it has ended.
 *
 * @param label what the source calls it
 * @param packing how it is packed
 * @param when after which outcomes
 * @param files which files
 */
public record Artifact(Label label, Packing packing, When when, FileSelection files) {

    /**
     * What the source calls it.
     *
     * @param type {@code archive}, or the kind of a report, in the source's words
     * @param name of the file, without the ending that the packing adds
     * @param keep how long it is kept, in the source's words; empty for its usual time
     */
    public record Label(String type, String name, String keep) {}

    /**
     * How files are packed.
     *
     * @param form of the result
     * @param level 0 for none to 9 for the smallest, or -1 for the usual; without meaning for
     *     {@link Form#RAW}
     * @param provenance what is said of the files in an archive, or null for nothing
     */
    public record Packing(Form form, int level, @Nullable Provenance provenance) {

        /** Files of which nothing is said. */
        public Packing(Form form, int level) {
            this(form, level, null);
        }
    }

    /** What files are packed into. */
    public enum Form {
        /** An archive with directories, symbolic links, modes and times. */
        ZIP,
        /** The files one after the other, each compressed by itself, under its name. */
        GZIP,
        /** One file as it is. */
        RAW
    }
}
