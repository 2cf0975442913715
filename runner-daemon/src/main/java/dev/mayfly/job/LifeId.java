package dev.mayfly.job;

import java.util.regex.Pattern;

/**
 * Names one run of one Mayfly process, from its start to its end.
 *
 * <p>Whatever the process creates carries this name, so that a later life can tell the leftovers of
 * a dead one from the work of one that still runs.
 *
 * @param value lower-case letters, digits and dashes, at most 48 characters
 */
public record LifeId(String value) {

    private static final Pattern SAFE = Pattern.compile("[a-z0-9][a-z0-9-]{0,47}");

    public LifeId {
        if (!SAFE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a life id must match " + SAFE.pattern() + ", got \"" + value + "\"");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
