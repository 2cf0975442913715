package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Holds an image that is there against what its pool says of size and age. */
final class ImageLimits {

    private static final long MEBIBYTE = 1 << 20;

    /**
     * There were no images before. Tools that make the same image of the same input write a date
     * long ago, such as 1970 or 1980, or none.
     */
    private static final Instant FIRST_IMAGES = Instant.parse("2013-01-01T00:00:00Z");

    /** Of a builder's clock. */
    private static final Duration AHEAD = Duration.ofDays(1);

    private final PoolName pool;
    private final ImageRules rules;
    private final Instant now;

    ImageLimits(PoolName pool, ImageRules rules, InstantSource clock) {
        this.pool = pool;
        this.rules = rules;
        this.now = clock.instant();
    }

    /**
     * Looks at one.
     *
     * @param name as people wrote it
     * @throws FaultException {@code IMAGE} if it is refused
     */
    void require(String name, InspectImageResponse image, Notices notices)
            throws InterruptedException {
        Long bytes = image.getSize();
        if (rules.maxBytes() != null && bytes != null && bytes > rules.maxBytes()) {
            throw new FaultException(
                    Fault.IMAGE,
                    tooLarge(
                            name, pool, rules.maxBytes(), "is " + bytes / MEBIBYTE + " MiB large"));
        }
        Optional<Duration> age = age(image.getCreated());
        age.ifPresent(notices::aged);
        ImageRules.Age limit = rules.age();
        if (limit == null || age.filter(is -> is.compareTo(limit.limit()) <= 0).isPresent()) {
            return;
        }
        String complaint =
                "image %s %s, and pool %s takes images up to %d days old"
                        .formatted(
                                name,
                                age.map(is -> "is " + is.toDays() + " days old")
                                        .orElse(
                                                "says of itself that it was made at "
                                                        + said(image.getCreated())
                                                        + ", which cannot be, so that nobody knows how"
                                                        + " old it is"),
                                pool,
                                limit.limit().toDays());
        if (limit.refused()) {
            throw new FaultException(
                    Fault.IMAGE,
                    complaint
                            + ": name one that was built since, or build it again with a date [rule"
                            + " built-in/max-age]");
        }
        notices.notice("warning: " + complaint);
    }

    /** What is said of an image beyond a pool's limit. */
    static String tooLarge(String name, PoolName pool, long maxBytes, String found) {
        return "image %s %s, and pool %s takes images up to %d MiB: use a smaller one [rule built-in/max-size]"
                .formatted(name, found, pool, maxBytes / MEBIBYTE);
    }

    /** Empty where an image says none that can be true. */
    private Optional<Duration> age(@Nullable String created) {
        try {
            Instant at = OffsetDateTime.parse(said(created)).toInstant();
            return at.isBefore(FIRST_IMAGES) || at.isAfter(now.plus(AHEAD))
                    ? Optional.empty()
                    : Optional.of(at.isAfter(now) ? Duration.ZERO : Duration.between(at, now));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static String said(@Nullable String created) {
        return created == null || created.isBlank() ? "no time" : created;
    }
}
