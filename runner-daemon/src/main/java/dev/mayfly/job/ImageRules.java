package dev.mayfly.job;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a pool demands of images beyond their names.
 *
 * @param requireDigest whether jobs name images by their digest only
 * @param variables whether a job may put an image's name together from variables
 * @param pin whether a tag stands for the same bytes in all runs of one commit
 * @param age how old an image may be, or null for any
 * @param maxBytes how large all layers of an image together may be, unpacked; null for any size
 */
public record ImageRules(
        boolean requireDigest,
        Variables variables,
        boolean pin,
        @Nullable Age age,
        @Nullable Long maxBytes) {

    /** Nothing is demanded. */
    public static final ImageRules NONE = new ImageRules(false, Variables.ALLOW, false, null, null);

    /** What becomes of names that variables were part of. */
    public enum Variables {
        ALLOW,
        /** A name is refused if a variable is in it that a job can set. */
        REFUSE
    }

    /**
     * A limit of age.
     *
     * @param limit since the day that the image itself names
     * @param refused whether older ones are refused, or only said to be old
     */
    public record Age(Duration limit, boolean refused) {}
}
