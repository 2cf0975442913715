package dev.mayfly.artifacts;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** Makes a tar archive of a zip archive while it is read, a piece at a time. */
final class TarStream extends InputStream {

    private static final int PIECE_BYTES = 64 * 1024;

    private final ZipFile zip;
    private final Iterator<ReceivedArchive.Item> items;
    private final Waiting made = new Waiting();
    private final TarArchiveOutputStream tar;
    private final byte[] piece = new byte[PIECE_BYTES];
    private long budget;
    private @Nullable InputStream content;
    private String path = "";
    private long missing;
    private boolean finished;

    /** What the tar writer has made and nobody has read yet. */
    private static final class Waiting extends ByteArrayOutputStream {
        private int read;

        int take(byte[] into, int offset, int length) {
            int part = Math.min(length, count - read);
            System.arraycopy(buf, read, into, offset, part);
            read += part;
            if (read == count) {
                reset();
                read = 0;
            }
            return part;
        }

        boolean isEmpty() {
            return read == count;
        }
    }

    TarStream(ZipFile zip, List<ReceivedArchive.Item> items, long budget) {
        this.zip = zip;
        this.items = items.iterator();
        this.budget = budget;
        tar = new TarArchiveOutputStream(made, "UTF-8");
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        tar.setAddPaxHeadersForNonAsciiNames(true);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        while (made.isEmpty()) {
            if (finished) {
                return -1;
            }
            advance();
        }
        return made.take(into, offset, length);
    }

    @Override
    public void close() throws IOException {
        if (content != null) {
            content.close();
        }
    }

    private void advance() throws IOException {
        if (content != null) {
            more(content);
        } else if (items.hasNext()) {
            begin(items.next());
        } else {
            tar.finish();
            finished = true;
        }
    }

    private void begin(ReceivedArchive.Item item) throws IOException {
        ZipArchiveEntry entry = item.entry();
        TarArchiveEntry header =
                switch (item.kind()) {
                    case DIRECTORY -> new TarArchiveEntry("./" + item.path() + "/");
                    case LINK -> {
                        TarArchiveEntry link =
                                new TarArchiveEntry("./" + item.path(), TarConstants.LF_SYMLINK);
                        link.setLinkName(item.target());
                        yield link;
                    }
                    case FILE, OTHER -> new TarArchiveEntry("./" + item.path());
                };
        header.setMode(item.mode());
        if (entry != null && entry.getTime() > 0) {
            header.setModTime(entry.getTime());
        }
        if (entry == null || item.kind() != WorkspaceEntry.Kind.FILE) {
            header.setSize(0);
            tar.putArchiveEntry(header);
            tar.closeArchiveEntry();
            return;
        }
        header.setSize(entry.getSize());
        tar.putArchiveEntry(header);
        content = zip.getInputStream(entry);
        path = item.path();
        missing = entry.getSize();
    }

    private void more(InputStream in) throws IOException {
        int length = in.read(piece);
        if (length < 0) {
            in.close();
            content = null;
            if (missing > 0) {
                throw new IOException("entry " + path + " is shorter than the archive says");
            }
            tar.closeArchiveEntry();
            return;
        }
        missing -= length;
        budget -= length;
        if (missing < 0 || budget < 0) {
            throw new IOException("entry " + path + " is longer than the archive says");
        }
        tar.write(piece, 0, length);
    }
}
