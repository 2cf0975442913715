package dev.mayfly.job;

/**
 * A secret by reference.
 *
 * @param name the variable's name, also the file's name under {@code /run/secrets}
 * @param reference what the provider calls it
 * @param asVariable whether the value is also put into the environment; it is always a file
 */
public record SecretRequest(String name, String reference, boolean asVariable) {

    /** The reference without parameters, which may be long and are nobody's business. */
    public String origin() {
        int from = reference.indexOf('?');
        int to = reference.indexOf('#', Math.max(from, 0));
        return from < 0
                ? reference
                : reference.substring(0, from) + (to < 0 ? "" : reference.substring(to));
    }
}
