package dev.mayfly.violation.execution;

/** Knows a package that is none of its business. */
public record ExecutionThatKnowsTooMuch(
        dev.mayfly.violation.sandbox.docker.SandboxDockerThatKnowsTooMuch other) {}
