package dev.mayfly.job;

import java.util.regex.Pattern;

/**
 * Names a pool, and with it a trust level: each level has exactly one pool.
 *
 * @param value lower-case letters, digits and dashes, 1 to 32 characters, starting with a letter
 */
public record PoolName(String value) {

    private static final Pattern SAFE = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    public PoolName {
        if (!SAFE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a pool name must match " + SAFE.pattern() + ", got \"" + value + "\"");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
