package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/** One form of one secret, as bytes to look for. It never prints them. */
final class SecretPattern {

    private final String secret;
    private final Variant variant;
    private final byte[] bytes;

    /**
     * Makes a pattern.
     *
     * @param secret the secret's name
     * @param variant the form
     * @param bytes at least one; kept, not copied
     */
    SecretPattern(String secret, Variant variant, byte[] bytes) {
        if (bytes.length == 0) {
            throw new IllegalArgumentException(
                    "an empty " + variant + " form of secret " + secret + " would be everywhere");
        }
        this.secret = secret;
        this.variant = variant;
        this.bytes = bytes;
    }

    /**
     * Makes a pattern of text that holds one byte in each character.
     *
     * @param latin1 characters up to U+00FF
     */
    SecretPattern(String secret, Variant variant, String latin1) {
        this(secret, variant, latin1.getBytes(ISO_8859_1));
    }

    String secret() {
        return secret;
    }

    Variant variant() {
        return variant;
    }

    /** The array itself; not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    @Override
    public String toString() {
        return "SecretPattern[secret=" + secret + ", variant=" + variant + ", hidden]";
    }
}
