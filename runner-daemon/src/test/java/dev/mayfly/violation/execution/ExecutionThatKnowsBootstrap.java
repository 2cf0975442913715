package dev.mayfly.violation.execution;

/** Depends on what is above it. */
public record ExecutionThatKnowsBootstrap(
        dev.mayfly.violation.bootstrap.BootstrapThatKnowsCli start) {}
