package dev.mayfly.logs;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * How secrets are masked.
 *
 * @param shortestBytes what a value needs to be masked, without blanks around it: {@value
 *     #MIN_SHORTEST_BYTES} to {@value #DEFAULT_SHORTEST_BYTES}; shorter values stand in ordinary
 *     text by chance
 * @param variants the forms that are looked for; {@link Variant#EXACT} always is
 * @param names whether a mark names the secret
 * @param tokens the shapes of tokens that are masked, whoever's they are
 */
public record Masking(int shortestBytes, Set<Variant> variants, boolean names, TokenShapes tokens) {

    /** What a value needs unless a pool says otherwise. */
    public static final int DEFAULT_SHORTEST_BYTES = 6;

    /** Below this, no setting helps: the log would consist of marks. */
    public static final int MIN_SHORTEST_BYTES = 4;

    /** Every form, marks without names, no token shapes. */
    public static final Masking STANDARD =
            new Masking(
                    DEFAULT_SHORTEST_BYTES,
                    EnumSet.allOf(Variant.class),
                    false,
                    TokenShapes.none());

    /** Refuses other lengths; adds the exact form, without which nothing would be masked. */
    public Masking {
        if (shortestBytes < MIN_SHORTEST_BYTES || shortestBytes > DEFAULT_SHORTEST_BYTES) {
            throw new IllegalArgumentException(
                    "the shortest value that is masked has "
                            + shortestBytes
                            + " bytes, must be "
                            + MIN_SHORTEST_BYTES
                            + " to "
                            + DEFAULT_SHORTEST_BYTES);
        }
        EnumSet<Variant> all = EnumSet.of(Variant.EXACT);
        all.addAll(variants);
        variants = Collections.unmodifiableSet(all);
    }

    /** Without one form. */
    public Masking without(Variant variant) {
        EnumSet<Variant> fewer = EnumSet.copyOf(variants);
        fewer.remove(variant);
        return new Masking(shortestBytes, fewer, names, tokens);
    }

    boolean looksFor(Variant variant) {
        return variants.contains(variant);
    }
}
