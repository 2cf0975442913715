package dev.mayfly.violation.state;

/** Knows a package that is none of its business. */
public record StateThatKnowsTooMuch(dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
