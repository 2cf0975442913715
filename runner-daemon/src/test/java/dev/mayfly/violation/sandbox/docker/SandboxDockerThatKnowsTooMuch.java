package dev.mayfly.violation.sandbox.docker;

/** Knows a package that is none of its business. */
public record SandboxDockerThatKnowsTooMuch(
        dev.mayfly.violation.secrets.SecretsThatKnowsLogs other) {}
