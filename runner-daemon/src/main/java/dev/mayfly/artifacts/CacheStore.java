package dev.mayfly.artifacts;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;

/** Where caches are. Safe for use by many threads. */
public interface CacheStore extends AutoCloseable {

    /** Keeps nothing. */
    CacheStore NONE =
            new CacheStore() {
                @Override
                public Optional<Found> find(CacheScope scope, List<String> keys) {
                    return Optional.empty();
                }

                @Override
                public void save(CacheScope scope, String key, Content content) {}
            };

    /**
     * Looks for a cache.
     *
     * @param keys the first that there is counts
     * @return what was found, to be closed; it is what was saved, to the byte
     * @throws IOException when it cannot be had, or is damaged
     */
    Optional<Found> find(CacheScope scope, List<String> keys)
            throws IOException, InterruptedException;

    /**
     * Saves a cache in the place of an earlier one with the same key. Who finds one meanwhile finds
     * the old one or the new.
     *
     * @throws IOException when it cannot be kept, or is larger than a cache may be
     */
    void save(CacheScope scope, String key, Content content)
            throws IOException, InterruptedException;

    /**
     * Lets go of what was not used for long, and of what there is no room for. Asks nobody outside
     * of this host.
     */
    default void evict() throws IOException {}

    /** Ends what goes on for it. Nobody asks afterwards. */
    @Override
    default void close() {}

    /**
     * A cache.
     *
     * @param key under which it was found
     * @param archive readable from its beginning
     */
    record Found(String key, FileChannel archive) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            archive.close();
        }
    }

    /** What is saved. */
    @FunctionalInterface
    interface Content {

        /**
         * Writes all of it.
         *
         * @param out not closed here
         * @throws IOException of {@code out} alone
         */
        void writeTo(OutputStream out) throws IOException, InterruptedException;
    }
}
