package dev.mayfly.job;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Which images a job may name, and when they may be pulled. The default of a pool needs no leave.
 *
 * @param images of jobs; empty for all
 * @param services the same for services
 * @param policies when an image may be pulled; never empty
 */
public record AllowedImages(
        List<ImagePattern> images, List<ImagePattern> services, Set<PullPolicy> policies) {

    /** Everything is allowed. */
    public static final AllowedImages ALL =
            new AllowedImages(List.of(), List.of(), EnumSet.allOf(PullPolicy.class));

    public AllowedImages {
        images = List.copyOf(images);
        services = List.copyOf(services);
        policies = Set.copyOf(policies);
    }
}
