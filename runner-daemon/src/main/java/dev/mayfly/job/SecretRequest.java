package dev.mayfly.job;

/**
 * A secret by reference.
 *
 * @param name the variable's name, also the file's name under {@code /run/secrets}
 * @param reference what the provider calls it
 * @param asVariable whether the value is also put into the environment; it is always a file
 */
public record SecretRequest(String name, String reference, boolean asVariable) {}
