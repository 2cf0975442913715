package dev.mayfly.source.gitlab;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations as Go writes them, such as {@code 1h30m} and {@code -5m}. */
final class GoDuration {

    private static final Pattern PART =
            Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(h|ms|m|s|us|ns)");
    private static final Pattern WHOLE = Pattern.compile("[+-]?(?:" + PART.pattern() + ")+");

    private GoDuration() {}

    /** A duration, or nothing when the text is none. */
    static Optional<Duration> parse(String text) {
        if (!WHOLE.matcher(text).matches()) {
            return Optional.empty();
        }
        Duration sum = Duration.ZERO;
        Matcher parts = PART.matcher(text);
        while (parts.find()) {
            sum =
                    sum.plusNanos(
                            new BigDecimal(parts.group(1))
                                    .multiply(BigDecimal.valueOf(nanos(parts.group(2))))
                                    .longValue());
        }
        return Optional.of(text.startsWith("-") ? sum.negated() : sum);
    }

    private static long nanos(String unit) {
        return switch (unit) {
            case "h" -> 3_600_000_000_000L;
            case "m" -> 60_000_000_000L;
            case "s" -> 1_000_000_000L;
            case "ms" -> 1_000_000L;
            case "us" -> 1_000L;
            default -> 1L;
        };
    }
}
