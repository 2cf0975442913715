package dev.mayfly.violation.pool;

/** A stage that knows another one. */
public record PoolThatKnowsSandbox(dev.mayfly.violation.sandbox.SandboxThatKnowsSecrets other) {}
