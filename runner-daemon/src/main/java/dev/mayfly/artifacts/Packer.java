package dev.mayfly.artifacts;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.Provenance;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** Packs entries one after the other into a stream that it does not close. For one thread. */
interface Packer {

    /** Begins an entry; the content of a file follows in pieces. */
    void begin(WorkspaceEntry entry) throws IOException;

    void write(byte[] bytes, int offset, int length) throws IOException;

    /** The entry is complete. */
    void end() throws IOException;

    /** All of it is out. */
    void finish() throws IOException;

    /**
     * A packer for one artifact.
     *
     * @param entries that it will get
     */
    static Packer of(Artifact.Packing packing, List<WorkspaceEntry> entries, OutputStream out) {
        return switch (packing.form()) {
            case ZIP -> {
                Packer zip = new ZipPacker(out, packing.level(), entries);
                Provenance provenance = packing.provenance();
                yield provenance == null ? zip : new StatedPacker(zip, provenance);
            }
            case GZIP -> new GzipPacker(out, packing.level());
            case RAW -> new RawPacker(out);
        };
    }
}
