package dev.mayfly.violation.sandbox;

/** A stage that knows another one. */
public record SandboxThatKnowsSecrets(dev.mayfly.violation.secrets.SecretsThatKnowsLogs other) {}
