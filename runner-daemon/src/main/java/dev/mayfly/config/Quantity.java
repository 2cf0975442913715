package dev.mayfly.config;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations and sizes as people write them. The schemas' patterns admit nothing else. */
final class Quantity {

    private static final Pattern DURATION_PART = Pattern.compile("([0-9]+)([dhms])");
    private static final Pattern SIZE = Pattern.compile("([0-9]+)([KMGT])iB");
    private static final Map<String, Duration> TIMES =
            Map.of(
                    "d", Duration.ofDays(1),
                    "h", Duration.ofHours(1),
                    "m", Duration.ofMinutes(1),
                    "s", Duration.ofSeconds(1));
    private static final Map<String, Integer> POWERS = Map.of("K", 10, "M", 20, "G", 30, "T", 40);

    private Quantity() {}

    /**
     * Reads a duration.
     *
     * @param text parts with units, such as {@code 1h30m}
     */
    static Duration duration(String text) {
        Duration sum = Duration.ZERO;
        Matcher part = DURATION_PART.matcher(text);
        while (part.find()) {
            Duration unit = unit(TIMES, part.group(2));
            sum = sum.plus(unit.multipliedBy(Long.parseLong(part.group(1))));
        }
        return sum;
    }

    /**
     * Reads a size in bytes.
     *
     * @param text a number with a binary unit, such as {@code 2GiB}
     */
    static long bytes(String text) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches()) {
            throw new IllegalArgumentException("a size needs a unit, got \"" + text + "\"");
        }
        return Long.parseLong(size.group(1)) << unit(POWERS, size.group(2));
    }

    private static <T> T unit(Map<String, T> units, String name) {
        T unit = units.get(name);
        if (unit == null) {
            throw new IllegalArgumentException("there is no unit " + name);
        }
        return unit;
    }
}
