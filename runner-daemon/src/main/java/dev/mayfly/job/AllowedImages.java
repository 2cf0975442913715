package dev.mayfly.job;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which images a job may name, and when they may be pulled. What is meant is the name as the job
 * writes it; the default of a pool needs no leave.
 *
 * @param images of jobs, as patterns: {@code *} is any part between slashes, {@code **} any part;
 *     empty for all
 * @param services the same for services
 * @param policies when an image may be pulled; never empty
 */
public record AllowedImages(List<String> images, List<String> services, Set<PullPolicy> policies) {

    /** Everything is allowed. */
    public static final AllowedImages ALL =
            new AllowedImages(List.of(), List.of(), EnumSet.allOf(PullPolicy.class));

    public AllowedImages {
        images = List.copyOf(images);
        services = List.copyOf(services);
        policies = Set.copyOf(policies);
    }

    /** What a job names and may not have, each in a few words. */
    public List<String> refusals(JobEnvironment asked) {
        List<String> refusals = new ArrayList<>();
        if (asked.image() != null) {
            look(asked.image(), "image", images, refusals);
        }
        asked.services().forEach(one -> look(one.image(), "services", services, refusals));
        return refusals;
    }

    private void look(ImageSpec image, String field, List<String> allowed, List<String> refusals) {
        if (!allowed.isEmpty() && allowed.stream().noneMatch(one -> matches(one, image))) {
            refusals.add(
                    "%s is %s, allowed are %s"
                            .formatted(field, image.reference(), String.join(", ", allowed)));
        }
        for (PullPolicy policy : image.pull()) {
            if (!policies.contains(policy)) {
                refusals.add(
                        "%s is to be pulled %s, allowed is %s"
                                .formatted(
                                        field,
                                        word(policy),
                                        policies.stream()
                                                .sorted()
                                                .map(AllowedImages::word)
                                                .collect(Collectors.joining(", "))));
            }
        }
    }

    private static boolean matches(String pattern, ImageSpec image) {
        String name = image.reference();
        return name.indexOf('\0') < 0
                && FileSystems.getDefault()
                        .getPathMatcher("glob:" + pattern)
                        .matches(Path.of(name));
    }

    private static String word(PullPolicy policy) {
        return policy.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
