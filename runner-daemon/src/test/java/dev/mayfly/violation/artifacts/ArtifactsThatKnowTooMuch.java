package dev.mayfly.violation.artifacts;

/** Knows a package that is none of its business. */
public record ArtifactsThatKnowTooMuch(
        dev.mayfly.violation.sandbox.SandboxThatKnowsSecrets other) {}
