package dev.mayfly.job;

import org.jspecify.annotations.Nullable;

/**
 * A secret by reference. It is always a file.
 *
 * @param name the variable's name, also the file's name under {@link Places#FILES}
 * @param reference what the provider calls it
 * @param variable what the environment says of it
 * @param account where the job's author says that it is and as whom he asks, or null when he leaves
 *     that to the pool's configuration
 */
public record SecretRequest(
        String name, String reference, Variable variable, @Nullable SecretAccount account) {

    /** What the variable of a secret's name holds. */
    public enum Variable {
        /** There is no such variable. */
        NONE,
        /** The value. */
        VALUE,
        /** The path of the file. */
        PATH
    }

    /**
     * A secret of whatever account the pool's configuration names.
     *
     * @param asVariable whether the value is also put into the environment
     */
    public SecretRequest(String name, String reference, boolean asVariable) {
        this(name, reference, asVariable ? Variable.VALUE : Variable.NONE, null);
    }

    /** The reference without parameters, which may be long and are nobody's business. */
    public String origin() {
        int from = reference.indexOf('?');
        int to = reference.indexOf('#', Math.max(from, 0));
        return from < 0
                ? reference
                : reference.substring(0, from) + (to < 0 ? "" : reference.substring(to));
    }
}
