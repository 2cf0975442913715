package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.artifacts.WorkspaceEntry.Kind;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.Provenance;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.List;

/**
 * Packs selected files while their contents come in, one behind the other. Holds no more than a
 * piece of them. For one thread; used once.
 */
public final class Packing {

    private final List<WorkspaceEntry> entries;
    private final Packer packer;
    private final ContentCheck check;
    private final Iterator<WorkspaceEntry> left;

    /** Of the file whose content comes now. */
    private long missing;

    /**
     * Prepares.
     *
     * @param selected what is packed
     * @param out gets the result; not closed
     * @throws FaultException {@code ARTIFACTS} when the files cannot be packed like that
     */
    public Packing(Selection selected, Artifact.Packing how, ContentCheck check, OutputStream out) {
        entries = suited(selected.entries(), how);
        packer = Packer.of(how, entries, out);
        this.check = check;
        left = entries.iterator();
    }

    private static List<WorkspaceEntry> suited(List<WorkspaceEntry> all, Artifact.Packing how) {
        Artifact.Form form = how.form();
        if (form == Artifact.Form.ZIP) {
            Provenance provenance = how.provenance();
            // A file of that name in the workspace would be somebody else's statement.
            return provenance == null
                    ? all
                    : all.stream()
                            .filter(entry -> !entry.path().equals(provenance.fileName()))
                            .toList();
        }
        List<WorkspaceEntry> files =
                all.stream().filter(entry -> entry.kind() == Kind.FILE).toList();
        if (form == Artifact.Form.RAW && files.size() != 1) {
            throw new FaultException(
                    Fault.ARTIFACTS,
                    "this report is one file, and %d files match its path".formatted(files.size()));
        }
        return files;
    }

    /** The names of the files whose contents are to come, in this order, each with a NUL behind. */
    public InputStream names() {
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        for (WorkspaceEntry entry : entries) {
            if (entry.kind() == Kind.FILE && entry.bytes() > 0) {
                names.writeBytes(("./" + entry.path()).getBytes(UTF_8));
                names.write(0);
            }
        }
        return new ByteArrayInputStream(names.toByteArray());
    }

    /**
     * Begins.
     *
     * @throws IOException of the stream that the result goes to, here and below
     */
    public void start() throws IOException {
        nextWithContent();
    }

    /** Takes the next bytes of the contents. */
    public void take(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            if (missing == 0) {
                throw changed();
            }
            int part = (int) Math.min(missing, end - at);
            check.take(bytes, at, part, packer::write);
            missing -= part;
            at += part;
            if (missing == 0) {
                endFile();
                nextWithContent();
            }
        }
    }

    /** All contents have come. */
    public void finish() throws IOException {
        if (missing > 0) {
            throw changed();
        }
        packer.finish();
    }

    private void nextWithContent() throws IOException {
        while (missing == 0 && left.hasNext()) {
            WorkspaceEntry entry = left.next();
            packer.begin(entry);
            check.begin(entry.path());
            missing = entry.bytes();
            if (missing == 0) {
                if (entry.kind() == Kind.LINK) {
                    byte[] target = entry.target().getBytes(UTF_8);
                    check.take(target, 0, target.length, (_, _, _) -> {});
                }
                endFile();
            }
        }
    }

    private void endFile() throws IOException {
        check.end(packer::write);
        packer.end();
    }

    private static FaultException changed() {
        return new FaultException(
                Fault.ARTIFACTS,
                "the files could not be read as they were listed; look at the engine's log");
    }
}
