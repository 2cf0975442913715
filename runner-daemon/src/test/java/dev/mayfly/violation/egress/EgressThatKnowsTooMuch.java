package dev.mayfly.violation.egress;

/** Knows a package that is none of its business. */
public record EgressThatKnowsTooMuch(dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
