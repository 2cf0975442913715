package dev.mayfly.job;

import java.util.EnumSet;
import java.util.Set;

/**
 * A value that a job brings along and that nobody else may see or store: a masked variable, a
 * variable that is a file. Unlike a {@link SecretRequest} there is nothing to fetch.
 *
 * @param name the variable's name, also the file's name under {@link Places#FILES}
 * @param value in memory only
 * @param uses what is done with it; never empty
 */
public record HandedValue(String name, SecretValue value, Set<Use> uses) {

    /** What is done with a value. */
    public enum Use {
        /** It is an environment variable. */
        VARIABLE,
        /** It is a file, and the environment variable holds the file's path. */
        FILE,
        /** It is masked in the log. */
        MASKED
    }

    public HandedValue {
        if (uses.isEmpty()) {
            throw new IllegalArgumentException("value " + name + " is handed over for nothing");
        }
        uses = Set.copyOf(EnumSet.copyOf(uses));
    }

    public boolean is(Use use) {
        return uses.contains(use);
    }
}
