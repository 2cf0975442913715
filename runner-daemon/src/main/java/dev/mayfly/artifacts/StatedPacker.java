package dev.mayfly.artifacts;

import dev.mayfly.job.Provenance;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Packs with a last entry that says where the others come from. Their digests are taken of what is
 * packed, on its way.
 */
final class StatedPacker implements Packer {

    private static final int USUAL_FILE = 0644;

    private final Packer packer;
    private final Provenance provenance;
    private final SortedMap<String, String> digests = new TreeMap<>();
    private final MessageDigest digest;
    private @Nullable WorkspaceEntry file;
    private long newestSeconds;

    StatedPacker(Packer packer, Provenance provenance) {
        this.packer = packer;
        this.provenance = provenance;
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @Override
    public void begin(WorkspaceEntry entry) throws IOException {
        file = entry.kind() == WorkspaceEntry.Kind.FILE ? entry : null;
        newestSeconds = Math.max(newestSeconds, entry.attributes().modifiedSeconds());
        packer.begin(entry);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (file != null) {
            digest.update(bytes, offset, length);
        }
        packer.write(bytes, offset, length);
    }

    @Override
    public void end() throws IOException {
        if (file != null) {
            digests.put(file.path(), HexFormat.of().formatHex(digest.digest()));
        }
        packer.end();
    }

    @Override
    public void finish() throws IOException {
        byte[] statement = provenance.statement(digests);
        packer.begin(
                new WorkspaceEntry(
                        provenance.fileName(),
                        WorkspaceEntry.Kind.FILE,
                        statement.length,
                        new WorkspaceEntry.Attributes(USUAL_FILE, newestSeconds, true),
                        ""));
        packer.write(statement, 0, statement.length);
        packer.end();
        packer.finish();
    }
}
