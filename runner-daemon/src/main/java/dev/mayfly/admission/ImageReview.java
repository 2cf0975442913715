package dev.mayfly.admission;

import dev.mayfly.job.AllowedImages;
import dev.mayfly.job.ImagePattern;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.ServiceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Holds the images that a job names against the rules of its pool, as far as that can be said
 * without asking anybody for them. The pool's own image needs no leave.
 */
final class ImageReview {

    private static final List<String> READS = List.of("job.image", "job.services");

    private final PoolCeiling pool;
    private final List<Named> named = new ArrayList<>();
    private final List<String> unreadable = new ArrayList<>();

    private ImageReview(PoolCeiling pool) {
        this.pool = pool;
    }

    /** An image that the job names, and where. */
    private record Named(
            String field, ImageSpec image, ImageReference reference, List<ImagePattern> allowed) {

        /** For sentences. */
        String said() {
            return field + " is " + image.reference();
        }
    }

    /** What the rules say, one finding for each that the pool has. */
    static List<Finding> of(JobEnvironment asked, PoolCeiling pool) {
        ImageReview review = new ImageReview(pool);
        AllowedImages allowed = pool.allowed();
        if (asked.image() != null) {
            review.add("image", asked.image(), allowed.images());
        }
        for (ServiceSpec service : asked.services()) {
            review.add("services", service.image(), allowed.services());
        }
        return review.findings();
    }

    private void add(String field, ImageSpec image, List<ImagePattern> allowed) {
        try {
            named.add(new Named(field, image, ImageReference.parse(image.reference()), allowed));
        } catch (IllegalArgumentException e) {
            unreadable.add(
                    "%s is \"%s\", which %s".formatted(field, image.reference(), e.getMessage()));
        }
    }

    private List<Finding> findings() {
        ImageRules rules = pool.images();
        AllowedImages allowed = pool.allowed();
        List<Finding> findings = new ArrayList<>();
        if (!unreadable.isEmpty()) {
            findings.add(finding("image-names", unreadable));
        }
        if (!allowed.images().isEmpty() || !allowed.services().isEmpty()) {
            findings.add(finding("allowed-images", notAllowed()));
        }
        if (!allowed.policies().equals(AllowedImages.ALL.policies())) {
            findings.add(finding("pull-policies", policies()));
        }
        if (rules.requireDigest()) {
            findings.add(finding("require-digest", withoutDigest()));
        }
        if (rules.variables() == ImageRules.Variables.REFUSE) {
            findings.add(finding("image-variables", ofVariables()));
        }
        return findings;
    }

    private List<String> notAllowed() {
        return named.stream()
                .filter(one -> !one.allowed().isEmpty())
                .filter(one -> one.allowed().stream().noneMatch(p -> p.covers(one.reference())))
                .map(one ->
                        "%s, allowed in pool %s are %s: name one of them, or have %s added to the pool's %s"
                                .formatted(
                                        one.said(),
                                        pool.pool(),
                                        words(one.allowed()),
                                        one.reference(),
                                        one.field().equals("image")
                                                ? "allowed_images"
                                                : "allowed_services"))
                .toList();
    }

    private List<String> policies() {
        List<String> refusals = new ArrayList<>();
        for (Named one : named) {
            for (PullPolicy policy : one.image().pull()) {
                if (!pool.allowed().policies().contains(policy)) {
                    refusals.add(
                            "%s is to be pulled %s, allowed in pool %s is %s: leave the policy out, or name that one"
                                    .formatted(
                                            one.field(),
                                            word(policy),
                                            pool.pool(),
                                            pool.allowed().policies().stream()
                                                    .sorted()
                                                    .map(ImageReview::word)
                                                    .collect(Collectors.joining(", "))));
                }
            }
        }
        return refusals;
    }

    private List<String> withoutDigest() {
        return named.stream()
                .filter(one -> one.reference().digest() == null)
                .map(one ->
                        "%s, and pool %s takes images by their digest only: write %s@sha256:..., with the digest that docker pull or docker buildx imagetools inspect says"
                                .formatted(one.said(), pool.pool(), one.image().reference()))
                .toList();
    }

    private List<String> ofVariables() {
        return named.stream()
                .filter(one -> !one.image().variables().isEmpty())
                .map(one ->
                        "%s, made of %s, which a job can set, and pool %s takes no such names: write the name out"
                                .formatted(
                                        one.said(),
                                        one.image().variables().stream()
                                                .map(name -> "$" + name)
                                                .collect(Collectors.joining(", ")),
                                        pool.pool()))
                .toList();
    }

    private static Finding finding(String rule, List<String> because) {
        return new Finding(
                "built-in/" + rule,
                Effect.DENY,
                !because.isEmpty(),
                true,
                String.join("; ", because),
                READS);
    }

    private static String words(List<ImagePattern> patterns) {
        return patterns.stream().map(ImagePattern::toString).collect(Collectors.joining(", "));
    }

    private static String word(PullPolicy policy) {
        return policy.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
