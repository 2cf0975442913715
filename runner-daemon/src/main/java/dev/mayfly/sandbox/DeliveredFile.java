package dev.mayfly.sandbox;

import dev.mayfly.job.SecretValue;

/**
 * A file for a step: on a tmpfs under {@code /run/secrets}, mode 0400, owned by the step's user.
 *
 * @param name the file's name, without a directory
 * @param value its content
 */
public record DeliveredFile(String name, SecretValue value) {}
