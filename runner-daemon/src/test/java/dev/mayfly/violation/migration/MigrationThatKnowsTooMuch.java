package dev.mayfly.violation.migration;

/** Knows a package that is none of its business. */
public record MigrationThatKnowsTooMuch(
        dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
