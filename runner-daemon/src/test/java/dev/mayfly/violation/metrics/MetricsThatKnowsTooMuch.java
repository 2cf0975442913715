package dev.mayfly.violation.metrics;

/** Knows a package that is none of its business. */
public record MetricsThatKnowsTooMuch(
        dev.mayfly.violation.execution.ExecutionThatKnowsTooMuch other) {}
