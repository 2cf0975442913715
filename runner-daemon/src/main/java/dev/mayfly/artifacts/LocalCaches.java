package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Caches in a directory of this host: {@code POOL/SCOPE/KEY.CONTENT.zip}, where scope, key and
 * content are SHA-256 digests, so that no name is a job's choice and each file says what must be in
 * it. When it was last used is the file's time. The most recently used stay, as many as fit into a
 * pool's share; so no pool can push out what is another's.
 */
public final class LocalCaches implements CacheStore {

    private static final Logger LOG = LoggerFactory.getLogger(LocalCaches.class);

    private static final FileAttribute<?> PRIVATE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final String DRAFT = ".draft";
    private static final String ENDING = ".zip";

    /** Nobody saves for so long: the writer has died. */
    private static final Duration ABANDONED = Duration.ofHours(6);

    private final Path root;
    private final CacheBounds bounds;
    private final InstantSource clock;

    /** For what changes names; contents are read and written without it. */
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Prepares.
     *
     * @param root made where it is missing
     */
    public LocalCaches(Path root, CacheBounds bounds, InstantSource clock) {
        this.root = root;
        this.bounds = bounds;
        this.clock = clock;
    }

    @Override
    public Optional<Found> find(CacheScope scope, List<String> keys) throws IOException {
        Path directory = directory(scope);
        for (String key : keys) {
            Optional<Path> file = newest(directory, digestOf(key));
            if (file.isPresent()) {
                Optional<Found> found = open(key, file.get());
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    /** Reads all of it once, so that nothing damaged is unpacked in part. */
    private Optional<Found> open(String key, Path file) throws IOException {
        FileChannel archive;
        try {
            archive = FileChannel.open(file, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            LOG.debug("cache={} was evicted just now", file, e);
            return Optional.empty();
        }
        boolean intact = false;
        try {
            MessageDigest digest = sha256();
            ByteBuffer piece = ByteBuffer.allocate(1 << 16);
            while (archive.read(piece.clear()) >= 0) {
                digest.update(piece.flip());
            }
            if (!file.getFileName().toString().endsWith("." + hex(digest) + ENDING)) {
                Files.deleteIfExists(file);
                throw new IOException("it is damaged, and was thrown away");
            }
            archive.position(0);
            Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
            intact = true;
            return Optional.of(new Found(key, archive));
        } catch (NoSuchFileException e) {
            LOG.debug("cache={} was evicted while it was read", file, e);
            return Optional.empty();
        } finally {
            if (!intact) {
                archive.close();
            }
        }
    }

    @Override
    public void save(CacheScope scope, String key, Content content)
            throws IOException, InterruptedException {
        Path directory = Files.createDirectories(directory(scope), PRIVATE_DIRECTORY);
        Path draft = directory.resolve(UUID.randomUUID() + DRAFT);
        try {
            MessageDigest digest = sha256();
            try (FileChannel file =
                    FileChannel.open(
                            draft,
                            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            PRIVATE_FILE)) {
                OutputStream out =
                        new BufferedOutputStream(
                                new Bounded(Channels.newOutputStream(file), digest), 1 << 16);
                content.writeTo(out);
                out.flush();
            }
            publish(draft, directory, digestOf(key), hex(digest));
        } finally {
            Files.deleteIfExists(draft);
        }
        evict(scope.pool().value());
    }

    private void publish(Path draft, Path directory, String key, String content)
            throws IOException {
        lock.lock();
        try {
            Path file = directory.resolve(key + "." + content + ENDING);
            Files.setLastModifiedTime(draft, FileTime.from(clock.instant()));
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            for (Path other : named(directory, key)) {
                if (!other.equals(file)) {
                    Files.deleteIfExists(other);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** What is written, counted and digested on its way. */
    private final class Bounded extends OutputStream {
        private final OutputStream out;
        private final MessageDigest digest;
        private long written;

        Bounded(OutputStream out, MessageDigest digest) {
            this.out = out;
            this.digest = digest;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            written += length;
            if (written > bounds.entryBytes()) {
                throw new IOException(
                        "it is larger than %d bytes, which is this host's limit"
                                .formatted(bounds.entryBytes()));
            }
            digest.update(bytes, offset, length);
            out.write(bytes, offset, length);
        }
    }

    @Override
    public void evict() throws IOException {
        if (Files.isDirectory(root)) {
            try (Stream<Path> pools = Files.list(root)) {
                for (Path pool : pools.toList()) {
                    evict(pool.getFileName().toString());
                }
            }
        }
    }

    private record Kept(Path file, long bytes, Instant used) {}

    private void evict(String pool) throws IOException {
        lock.lock();
        try {
            Instant now = clock.instant();
            List<Kept> all = new ArrayList<>();
            for (Path directory : list(root.resolve(pool))) {
                for (Path file : list(directory)) {
                    keptAt(file).ifPresent(all::add);
                }
            }
            all.sort(Comparator.comparing(Kept::used).reversed());
            long room = bounds.poolBytes();
            for (Kept one : all) {
                boolean draft = one.file().toString().endsWith(DRAFT);
                Duration unused = Duration.between(one.used(), now);
                room -= one.bytes();
                if (unused.compareTo(draft ? ABANDONED : bounds.unused()) > 0
                        || (!draft && room < 0)) {
                    room += one.bytes();
                    Files.deleteIfExists(one.file());
                    LOG.info("cache evicted pool={} bytes={} unused={}", pool, one.bytes(), unused);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Kept> keptAt(Path file) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return Optional.of(
                    new Kept(file, attributes.size(), attributes.lastModifiedTime().toInstant()));
        } catch (NoSuchFileException e) {
            return Optional.empty(); // a draft that has got its name just now
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private Path directory(CacheScope scope) {
        return root.resolve(scope.pool().value())
                .resolve(digestOf(scope.source() + "\u0000" + scope.project()));
    }

    private static Optional<Path> newest(Path directory, String key) throws IOException {
        Optional<Kept> newest = Optional.empty();
        for (Path file : named(directory, key)) {
            Optional<Kept> kept = keptAt(file);
            if (kept.isPresent()
                    && (newest.isEmpty() || kept.get().used().isAfter(newest.get().used()))) {
                newest = kept;
            }
        }
        return newest.map(Kept::file);
    }

    private static List<Path> named(Path directory, String key) throws IOException {
        return list(directory).stream()
                .filter(file -> file.getFileName().toString().startsWith(key + "."))
                .toList();
    }

    private static String digestOf(String text) {
        MessageDigest digest = sha256();
        digest.update(text.getBytes(UTF_8));
        return hex(digest);
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
