package dev.mayfly.violation.policy;

/** Knows a package that is none of its business. */
public record PolicyThatKnowsTooMuch(dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
