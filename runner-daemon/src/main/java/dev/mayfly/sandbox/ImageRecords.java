package dev.mayfly.sandbox;

import dev.mayfly.job.ImageReference;
import dev.mayfly.job.PoolName;
import java.util.Optional;
import java.util.Set;

/**
 * Remembers, over a restart too, by whose pulls images came to an engine, so that no job runs what
 * only others could fetch, and what tags stood for. Safe for use by many threads.
 *
 * <p>Whoever asks has looked at the engine before, and whoever pulls says so before it begins: so
 * an image that a pull has brought is never taken for one that the operator has put there.
 */
public interface ImageRecords {

    /**
     * Who may use an image without asking its registry.
     *
     * @param pool whose jobs
     * @param project whose jobs of these; empty for all, where no right of a job was needed
     */
    record Holder(PoolName pool, String project) {}

    /** Before a pull. Durable when it returns. */
    void begins(ImageReference image);

    /** After a pull that brought nothing. Not after one of which nobody knows that. */
    void failed(ImageReference image);

    /**
     * After a pull.
     *
     * @param id of the image that it brought, as the engine has it
     * @param holder who may use it from now on, beside those who may already
     * @param operators whether the operator had put these bytes there before
     */
    void brought(ImageReference image, String id, Holder holder, boolean operators);

    /** Whether only the operator can have put this image there, or given it this name. */
    boolean operators(ImageReference image, String id);

    /**
     * Whether it may be used without asking its registry: one of the operator's, or one that was
     * fetched for the same pool, and if by a job's own right, for the same project.
     *
     * @param asking pool and project of a job
     */
    boolean usable(ImageReference image, String id, Holder asking);

    /** Whether there are so many records that {@link #keep} is called for. */
    boolean crowded();

    /**
     * Forgets what is not on the engine any more.
     *
     * @param ids of the images that are there
     * @param names of them, as {@link ImageReference#canonical()} has them
     * @param asOf epoch milliseconds before they were listed; nothing newer is forgotten
     */
    void keep(Set<String> ids, Set<String> names, long asOf);

    /** What an image's tag stood for in the first run of a commit; empty where there was none. */
    Optional<String> pin(PoolName pool, String run, ImageReference image);

    /**
     * Says what a tag stands for in all runs of a commit. The first to say it is who counts.
     *
     * @param run as in {@link ImageTerms}
     * @return what was said first
     */
    String pin(PoolName pool, String run, ImageReference image, String identity);
}
