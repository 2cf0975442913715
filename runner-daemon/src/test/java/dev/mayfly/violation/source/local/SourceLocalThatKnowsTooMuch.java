package dev.mayfly.violation.source.local;

/** Knows a package that is none of its business. */
public record SourceLocalThatKnowsTooMuch(dev.mayfly.violation.pool.PoolThatKnowsSandbox other) {}
