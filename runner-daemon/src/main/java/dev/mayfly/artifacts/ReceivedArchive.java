package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.zip.UnixStat;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * A zip archive from somebody else, looked at before any of it is unpacked. What could reach a
 * place outside the directory that it is unpacked in, or is more than a host wants to hold, makes
 * the whole archive refused, by the entry's name.
 *
 * <p>A symbolic link may point anywhere, as it may in a repository: it is a name, and nothing is
 * ever written or read through it, neither here nor where it is unpacked.
 */
public final class ReceivedArchive implements AutoCloseable {

    /** Linux knows none that is longer. */
    private static final int LONGEST_PATH = 4096;

    private static final int LONGEST_TARGET = 4096;
    private static final int LONGEST_SHOWN = 200;
    private static final int PERMISSIONS = 0777;
    private static final int USUAL_FILE = 0644;
    private static final int USUAL_DIRECTORY = 0755;

    /** Without these the job could not use what it is brought. */
    private static final int OWNERS_OF_DIRECTORY = 0700;

    private final ZipFile zip;
    private final UnpackLimits limits;

    /** By path, so that a directory comes before what is in it. */
    private final Map<String, Item> items = new TreeMap<>();

    private ReceivedArchive(ZipFile zip, UnpackLimits limits) {
        this.zip = zip;
        this.limits = limits;
    }

    /**
     * Something to unpack.
     *
     * @param entry or null for a directory that the archive implies
     */
    record Item(
            String path,
            WorkspaceEntry.Kind kind,
            @Nullable ZipArchiveEntry entry,
            int mode,
            String target) {}

    /**
     * Looks at an archive.
     *
     * @param file closed with this
     * @throws FaultException {@code ARTIFACTS} saying which entry is refused and why
     */
    public static ReceivedArchive open(FileChannel file, UnpackLimits limits) {
        requireZip(file);
        ZipFile zip;
        try {
            zip =
                    ZipFile.builder()
                            .setSeekableByteChannel(file)
                            .setIgnoreLocalFileHeader(true)
                            .get();
        } catch (IOException | RuntimeException e) {
            throw refused("it is damaged (" + e.getMessage() + ")");
        }
        ReceivedArchive archive = new ReceivedArchive(zip, limits);
        try {
            archive.look();
            return archive;
        } catch (IOException e) {
            archive.close();
            throw refused("it is damaged (" + e.getMessage() + ")");
        } catch (RuntimeException e) {
            archive.close();
            throw e;
        }
    }

    private static void requireZip(FileChannel file) {
        byte[] start = new byte[4];
        int length;
        try {
            length = file.read(ByteBuffer.wrap(start), 0);
        } catch (IOException e) {
            throw refused("it cannot be read (" + e.getMessage() + ")");
        }
        boolean zip = length == start.length && start[0] == 'P' && start[1] == 'K';
        if (!zip) {
            boolean zstd = Arrays.equals(start, new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd});
            throw refused(
                    zstd
                            ? "it is a tar archive with zstd, which Mayfly does not read: leave"
                                    + " FF_USE_FASTZIP and CACHE_COMPRESSION_FORMAT at their defaults"
                            : "it is no zip archive");
        }
    }

    /** Files, directories and links that will be unpacked. */
    public int size() {
        return items.size();
    }

    /**
     * Whether a file or directory of this name, or something in it, will be unpacked.
     *
     * @param name at the top of the archive, without a slash
     */
    public boolean has(String name) {
        return items.keySet().stream()
                .anyMatch(path -> path.equals(name) || path.startsWith(name + "/"));
    }

    /**
     * The content as a tar archive in which a directory stands before everything that is in it.
     * What is read may differ from what the archive said of itself: reading fails then.
     */
    public InputStream tar() {
        return new TarStream(zip, List.copyOf(items.values()), limits.bytes());
    }

    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            throw refused("it cannot be closed (" + e.getMessage() + ")");
        }
    }

    private void look() throws IOException {
        long bytes = 0;
        int count = 0;
        for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
            if (++count > limits.entries()) {
                throw refused(
                        "it has more than %d entries, which is this host's limit"
                                .formatted(limits.entries()));
            }
            Item item = item(entry);
            if (item == null) {
                continue; // the directory itself
            }
            if (item.kind() == WorkspaceEntry.Kind.FILE) {
                bytes += Math.max(0, entry.getSize());
                if (bytes > limits.bytes()) {
                    throw refused(
                            "with %s it unpacks to more than %d bytes, which is this host's limit"
                                    .formatted(shown(item.path()), limits.bytes()));
                }
            }
            if (items.putIfAbsent(item.path(), item) != null) {
                throw refused("entry %s is there twice".formatted(shown(item.path())));
            }
        }
        addParents();
    }

    private void addParents() {
        for (String path : new ArrayList<>(items.keySet())) {
            for (int slash = path.lastIndexOf('/');
                    slash > 0;
                    slash = path.lastIndexOf('/', slash - 1)) {
                String parent = path.substring(0, slash);
                Item there = items.get(parent);
                if (there == null) {
                    if (items.size() >= limits.entries()) {
                        throw refused(
                                "it has more than %d directories and files, which is this host's limit"
                                        .formatted(limits.entries()));
                    }
                    items.put(
                            parent,
                            new Item(
                                    parent,
                                    WorkspaceEntry.Kind.DIRECTORY,
                                    null,
                                    USUAL_DIRECTORY,
                                    ""));
                } else if (there.kind() != WorkspaceEntry.Kind.DIRECTORY) {
                    throw refused(
                            "entry %s goes through %s, which is a %s of the same archive"
                                    .formatted(
                                            shown(path),
                                            shown(parent),
                                            there.kind() == WorkspaceEntry.Kind.LINK
                                                    ? "symbolic link"
                                                    : "file"));
                } else {
                    break; // its own parents are looked at when it is, or have been
                }
            }
        }
    }

    private @Nullable Item item(ZipArchiveEntry entry) throws IOException {
        String path = path(entry);
        if (path.isEmpty()) {
            return null;
        }
        if (entry.getGeneralPurposeBit().usesEncryption() || !zip.canReadEntryData(entry)) {
            throw refused(
                    "entry %s is encrypted or compressed in a way (method %d) that Mayfly does not read"
                            .formatted(shown(path), entry.getMethod()));
        }
        int unix = entry.getUnixMode();
        int type = unix & UnixStat.FILE_TYPE_FLAG;
        boolean directory = entry.isDirectory() || type == UnixStat.DIR_FLAG;
        if (type != 0
                && type != UnixStat.FILE_FLAG
                && type != UnixStat.DIR_FLAG
                && type != UnixStat.LINK_FLAG) {
            throw refused(
                    "entry %s is a device, a pipe or a socket (mode %o)"
                            .formatted(shown(path), unix));
        }
        if (directory) {
            int mode = (unix == 0 ? USUAL_DIRECTORY : unix & PERMISSIONS) | OWNERS_OF_DIRECTORY;
            return new Item(path, WorkspaceEntry.Kind.DIRECTORY, entry, mode, "");
        }
        if (type == UnixStat.LINK_FLAG) {
            return new Item(
                    path, WorkspaceEntry.Kind.LINK, entry, PERMISSIONS, target(entry, path));
        }
        int mode = unix == 0 ? USUAL_FILE : unix & PERMISSIONS;
        return new Item(path, WorkspaceEntry.Kind.FILE, entry, mode, "");
    }

    private String target(ZipArchiveEntry entry, String path) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] target = in.readNBytes(LONGEST_TARGET + 1);
            if (target.length == 0 || target.length > LONGEST_TARGET || holdsNul(target)) {
                throw refused(
                        "entry %s is a symbolic link to nothing that can be"
                                .formatted(shown(path)));
            }
            return new String(target, UTF_8);
        }
    }

    /** Without dots and double slashes; empty for the directory itself. */
    private static String path(ZipArchiveEntry entry) {
        String name = entry.getName();
        if (name.isEmpty() || name.indexOf('\0') >= 0) {
            throw refused("an entry has no name that can be");
        }
        if (name.length() > LONGEST_PATH) {
            throw refused(
                    "entry %s has a path of more than %d characters"
                            .formatted(shown(name), LONGEST_PATH));
        }
        if (name.startsWith("/")) {
            throw refused("entry %s has an absolute path".formatted(shown(name)));
        }
        List<String> names = new ArrayList<>();
        for (String part : name.split("/", -1)) {
            if (part.equals("..")) {
                throw refused("entry %s leaves the directory".formatted(shown(name)));
            }
            if (!part.isEmpty() && !part.equals(".")) {
                names.add(part);
            }
        }
        return String.join("/", names);
    }

    private static boolean holdsNul(byte[] bytes) {
        for (byte one : bytes) {
            if (one == 0) {
                return true;
            }
        }
        return false;
    }

    private static String shown(String name) {
        return name.length() > LONGEST_SHOWN ? name.substring(0, LONGEST_SHOWN) + "..." : name;
    }

    static FaultException refused(String why) {
        return new FaultException(Fault.ARTIFACTS, "the archive is not unpacked: " + why);
    }
}
