package dev.mayfly.job;

import java.util.regex.Pattern;

/**
 * Names one job for as long as anybody remembers it.
 *
 * <p>Safe to put into container names, labels, file names and URLs, because every stage does so.
 *
 * @param value lower-case letters, digits and dashes, 1 to 48 characters, starting with a letter or
 *     digit
 */
public record JobId(String value) {

    private static final Pattern SAFE = Pattern.compile("[a-z0-9][a-z0-9-]{0,47}");

    public JobId {
        if (!SAFE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a job id must match " + SAFE.pattern() + ", got \"" + value + "\"");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
