package dev.mayfly.artifacts;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;
import org.jspecify.annotations.Nullable;

/** Compresses each file by itself, under its name, as servers read reports. */
final class GzipPacker implements Packer {

    private final OutputStream out;
    private final int level;
    private @Nullable GzipCompressorOutputStream file;

    GzipPacker(OutputStream out, int level) {
        this.out = out;
        this.level = level;
    }

    @Override
    public void begin(WorkspaceEntry entry) throws IOException {
        if (entry.kind() == WorkspaceEntry.Kind.FILE) {
            GzipParameters parameters = new GzipParameters();
            parameters.setCompressionLevel(level);
            parameters.setFileName(entry.path());
            parameters.setModificationInstant(
                    Instant.ofEpochSecond(entry.attributes().modifiedSeconds()));
            file = new GzipCompressorOutputStream(out, parameters);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (file != null) {
            file.write(bytes, offset, length);
        }
    }

    @Override
    public void end() throws IOException {
        if (file != null) {
            file.finish();
            file = null;
        }
    }

    @Override
    public void finish() throws IOException {
        out.flush();
    }
}
