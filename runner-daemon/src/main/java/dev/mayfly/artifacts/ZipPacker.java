package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.apache.commons.compress.archivers.zip.UnixStat;
import org.apache.commons.compress.archivers.zip.Zip64Mode;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;

/**
 * Packs into a zip archive: directories, files with modes and times, symbolic links as links. The
 * same entries give the same bytes, so that a server recognises what it has got already.
 */
final class ZipPacker implements Packer {

    /** What does not shrink may grow a little: so far below 4 GiB the short form still holds it. */
    private static final long SHORT_FORM_BYTES = (4L << 30) - (64L << 20);

    private final ZipArchiveOutputStream zip;
    private boolean content;

    ZipPacker(OutputStream out, int level, List<WorkspaceEntry> entries) {
        zip = new ZipArchiveOutputStream(out);
        zip.setLevel(level);
        boolean large = entries.stream().anyMatch(entry -> entry.bytes() > SHORT_FORM_BYTES);
        zip.setUseZip64(large ? Zip64Mode.Always : Zip64Mode.AsNeeded);
    }

    @Override
    public void begin(WorkspaceEntry entry) throws IOException {
        boolean directory = entry.kind() == WorkspaceEntry.Kind.DIRECTORY;
        ZipArchiveEntry made = new ZipArchiveEntry(directory ? entry.path() + "/" : entry.path());
        made.setLastModifiedTime(
                FileTime.from(Instant.ofEpochSecond(entry.attributes().modifiedSeconds())));
        int mode = entry.attributes().mode();
        switch (entry.kind()) {
            case DIRECTORY -> {
                made.setUnixMode(UnixStat.DIR_FLAG | mode);
                made.setSize(0);
                made.setMethod(ZipArchiveEntry.STORED);
                made.setCrc(0);
            }
            case LINK -> {
                byte[] target = entry.target().getBytes(UTF_8);
                made.setUnixMode(UnixStat.LINK_FLAG | mode);
                made.setSize(target.length);
                zip.putArchiveEntry(made);
                zip.write(target);
                content = false;
                return;
            }
            case FILE -> {
                made.setUnixMode(UnixStat.FILE_FLAG | mode);
                made.setSize(entry.bytes());
            }
            case OTHER -> throw new IllegalArgumentException(entry.path() + " is no file");
        }
        zip.putArchiveEntry(made);
        content = entry.kind() == WorkspaceEntry.Kind.FILE;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (content) {
            zip.write(bytes, offset, length);
        }
    }

    @Override
    public void end() throws IOException {
        zip.closeArchiveEntry();
    }

    @Override
    public void finish() throws IOException {
        zip.finish();
        zip.flush();
    }
}
