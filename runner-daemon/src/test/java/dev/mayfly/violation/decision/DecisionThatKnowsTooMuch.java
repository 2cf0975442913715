package dev.mayfly.violation.decision;

/** Knows a package that is none of its business. */
public record DecisionThatKnowsTooMuch(
        dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
