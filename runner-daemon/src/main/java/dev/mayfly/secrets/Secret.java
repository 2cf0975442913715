package dev.mayfly.secrets;

import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;

/**
 * One secret with its value.
 *
 * @param request what was asked for
 * @param value the value
 */
public record Secret(SecretRequest request, SecretValue value) {}
