package dev.mayfly.violation.registry;

/** Knows a package that is none of its business. */
public record RegistryThatKnowsTooMuch(
        dev.mayfly.violation.execution.ExecutionThatKnowsTooMuch other) {}
