package dev.mayfly.pipeline;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A time as people write it in a pipeline: {@code 1h 30m}, {@code 90 minutes}, {@code 3600}. */
final class SpokenDuration {

    private static final Pattern PART =
            Pattern.compile("\\s*(?:and\\s+)?(\\d{1,6})(?!\\d)\\s*([a-z]*)[,\\s]*");

    private SpokenDuration() {}

    /** The time, or empty when it is none, or none at all. */
    static Optional<Duration> parse(String text) {
        Matcher part = PART.matcher(text.strip().toLowerCase(Locale.ROOT));
        Duration sum = Duration.ZERO;
        int end = 0;
        while (part.lookingAt()) {
            long seconds = seconds(part.group(2));
            if (seconds == 0) {
                return Optional.empty();
            }
            sum = sum.plusSeconds(Long.parseLong(part.group(1)) * seconds);
            end = part.end();
            part.region(end, part.regionEnd());
        }
        return end == part.regionEnd() && sum.isPositive() ? Optional.of(sum) : Optional.empty();
    }

    /** Zero for a unit that is none. */
    private static long seconds(String unit) {
        return switch (unit) {
            case "", "s", "sec", "secs", "second", "seconds" -> 1;
            case "m", "min", "mins", "minute", "minutes" -> 60;
            case "h", "hr", "hrs", "hour", "hours" -> 3600;
            case "d", "day", "days" -> 86_400;
            case "w", "week", "weeks" -> 7 * 86_400;
            default -> 0;
        };
    }
}
