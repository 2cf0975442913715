package dev.mayfly.policy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The policy of the files as they are now. When they change and cannot be used, the last one that
 * could stays, and that is said. Safe for use by many threads; looks at the files when it is asked,
 * and not more often than every two seconds.
 */
public final class LivePolicy implements Supplier<Policy> {

    private static final Logger LOG = LoggerFactory.getLogger(LivePolicy.class);

    private static final long LOOK_EVERY_NANOS = 2_000_000_000L;

    private final List<Path> files;
    private final Supplier<Policy> read;

    // Guarded by this.
    private Policy policy;
    private List<String> asOf;
    private String stale = "";
    private long looked;
    private Consumer<String> changed = _ -> {};

    /** Of the policy that counts; to be had without looking at files. */
    private volatile String digest;

    /**
     * Reads the policy for the first time.
     *
     * @param files to look at; none for a policy that never changes
     * @param read makes a policy of them, or throws saying what is wrong with them
     */
    public LivePolicy(List<Path> files, Supplier<Policy> read) {
        this.files = List.copyOf(files);
        this.read = read;
        this.asOf = traces();
        this.policy = read.get();
        this.digest = policy.digest();
        this.looked = System.nanoTime();
    }

    @Override
    public synchronized Policy get() {
        if (!files.isEmpty() && System.nanoTime() - looked >= LOOK_EVERY_NANOS) {
            look();
        }
        return policy;
    }

    /**
     * Reads everything again, whether the files have changed or not.
     *
     * @throws RuntimeException saying what is wrong with them; the last policy stays
     */
    public synchronized void refresh() {
        List<String> now = traces();
        follow(read.get());
        asOf = now;
    }

    /** Digest of the policy that counts, as far as was looked. Answers at once. */
    public String digest() {
        return digest;
    }

    /** Hears from now on of each change, with the digest of the policy that counted before; one. */
    public synchronized void whenChanged(Consumer<String> listener) {
        changed = listener;
    }

    /** Why the files are not what is followed, or empty when they are. */
    public synchronized String staleBecause() {
        get();
        return stale;
    }

    /** Looks at the files now. */
    synchronized void look() {
        looked = System.nanoTime();
        List<String> now = traces();
        if (now.equals(asOf)) {
            return;
        }
        asOf = now;
        try {
            follow(read.get());
        } catch (RuntimeException e) {
            stale = String.valueOf(e.getMessage());
            LOG.error(
                    "the changed policy cannot be used, the last one stays policy={} because={}",
                    policy.digest(),
                    stale);
        }
    }

    private void follow(Policy fresh) {
        String before = policy.digest();
        policy = fresh;
        digest = fresh.digest();
        stale = "";
        if (!before.equals(digest)) {
            LOG.info("policy changed from={} to={}", before, digest);
            changed.accept(before);
        }
    }

    private List<String> traces() {
        List<String> traces = new ArrayList<>();
        for (Path file : files) {
            try {
                BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
                traces.add(is.lastModifiedTime() + " " + is.size() + " " + is.fileKey());
            } catch (IOException e) {
                traces.add(e.getClass().getName());
            }
        }
        return traces;
    }
}
