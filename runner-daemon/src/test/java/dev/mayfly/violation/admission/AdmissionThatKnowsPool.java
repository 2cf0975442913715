package dev.mayfly.violation.admission;

/** A stage that knows another one. */
public record AdmissionThatKnowsPool(dev.mayfly.violation.pool.PoolThatKnowsSandbox other) {}
