package dev.mayfly.artifacts.s3;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.artifacts.CacheBounds;
import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.CacheStore;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Caches in a bucket: {@code POOL/OWNER/KEY}, where owner and key are SHA-256 digests, so that no
 * name is a job's choice. Each object ends with its {@link Seal}; what has none that fits is not
 * handed out. Hosts that share a bucket and a prefix share the caches.
 */
public final class S3Caches implements CacheStore {

    private static final Logger LOG = LoggerFactory.getLogger(S3Caches.class);

    private final Bucket bucket;
    private final S3Settings.Place place;
    private final CacheBounds bounds;
    private final Path spool;
    private final InstantSource clock;
    private final Function<CacheScope, String> owner;
    private final Eviction eviction;

    /**
     * Prepares; the store is asked when a job needs it.
     *
     * @param spool directory for caches on their way to a job
     * @param owner whose caches they are within their pool, in words that mean the same on each
     *     host
     */
    public S3Caches(
            S3Settings settings,
            CacheBounds bounds,
            Path spool,
            InstantSource clock,
            Function<CacheScope, String> owner) {
        this.bucket = new Bucket(settings, clock);
        this.place = settings.place();
        this.bounds = bounds;
        this.spool = spool;
        this.clock = clock;
        this.owner = owner;
        this.eviction = new Eviction(bucket, bounds, clock);
    }

    /**
     * {@inheritDoc}
     *
     * <p>What is damaged, too old or not Mayfly's is as good as not there; if nothing else is found
     * either, it is named.
     */
    @Override
    public Optional<Found> find(CacheScope scope, List<String> keys)
            throws IOException, InterruptedException {
        String damaged = null;
        for (String key : keys) {
            String name = name(scope, key);
            FileChannel file = spool();
            boolean found = false;
            try {
                long most = bounds.entryBytes() + Seal.BYTES;
                if (!bucket.fetch(name, file, most, saved -> !eviction.isOld(saved))) {
                    continue;
                }
                if (Seal.opens(file, name)) {
                    found = true;
                    return Optional.of(new Found(key, file));
                }
                damaged = name;
                LOG.warn("object={} is damaged or not Mayfly's, and not used", name);
            } finally {
                if (!found) {
                    file.close();
                }
            }
        }
        if (damaged != null) {
            throw new IOException(
                    "object %s in %s is damaged or not Mayfly's; it is replaced when the cache is"
                                    .formatted(damaged, place.described())
                            + " saved again");
        }
        return Optional.empty();
    }

    /** A file that is gone when it is closed, or this process is. */
    private FileChannel spool() throws IOException {
        return FileChannel.open(
                spool.resolve(UUID.randomUUID() + "-cache.spool"),
                Set.of(
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.DELETE_ON_CLOSE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    @Override
    public void save(CacheScope scope, String key, Content content)
            throws IOException, InterruptedException {
        String name = name(scope, key);
        try (Upload upload = new Upload(bucket, name, bounds.entryBytes() + Seal.BYTES)) {
            Sealed sealed = new Sealed(upload, new Seal(name));
            OutputStream out = new BufferedOutputStream(sealed, 1 << 16);
            content.writeTo(out);
            out.flush();
            upload.write(sealed.seal.bytes());
            upload.complete();
        }
        eviction.after(scope.pool());
    }

    /** What is written, counted and sealed on its way. */
    private final class Sealed extends OutputStream {
        private final OutputStream out;
        private final Seal seal;
        private long written;

        Sealed(OutputStream out, Seal seal) {
            this.out = out;
            this.seal = seal;
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
            seal.update(bytes, offset, length);
            out.write(bytes, offset, length);
        }
    }

    // -- what a person wants to know

    /**
     * What the store lets this host do.
     *
     * @param place for people
     * @param troubles cause and cure of what does not work; empty if all does
     */
    public record Report(String place, List<String> troubles) {
        public Report {
            troubles = List.copyOf(troubles);
        }
    }

    /** Writes, reads, lists and deletes an object of no use to anybody. */
    public Report examine() throws InterruptedException {
        List<String> troubles = new ArrayList<>();
        String name = "doctor/" + UUID.randomUUID();
        byte[] sent = new Seal(name).bytes();
        String trouble = troubleOf(() -> bucket.put(name, sent, sent.length));
        if (trouble != null) {
            return new Report(place.described(), List.of(trouble));
        }
        add(troubles, troubleOf(() -> read(name)));
        add(troubles, troubleOf(() -> bucket.list("doctor/", null)));
        add(troubles, troubleOf(() -> bucket.begun("doctor/", clock.instant())));
        add(troubles, troubleOf(() -> bucket.delete(name)));
        return new Report(place.described(), troubles);
    }

    private void read(String name) throws IOException, InterruptedException {
        try (FileChannel file = spool()) {
            if (!bucket.fetch(name, file, Seal.BYTES, _ -> true) || !Seal.opens(file, name)) {
                throw new IOException(
                        place.described() + " gives back other than what was written to it");
            }
        }
    }

    private interface Trial {
        void run() throws IOException, InterruptedException;
    }

    private static @Nullable String troubleOf(Trial trial) throws InterruptedException {
        try {
            trial.run();
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static void add(List<String> troubles, @Nullable String trouble) {
        if (trouble != null && !troubles.contains(trouble)) {
            troubles.add(trouble);
        }
    }

    @Override
    public void close() {
        bucket.close();
    }

    // -- names

    private String name(CacheScope scope, String key) {
        return scope.pool().value() + "/" + digestOf(owner.apply(scope)) + "/" + digestOf(key);
    }

    private static String digestOf(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
