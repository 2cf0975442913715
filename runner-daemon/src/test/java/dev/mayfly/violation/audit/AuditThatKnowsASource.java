package dev.mayfly.violation.audit;

/** Knows a package that is none of its business. */
public record AuditThatKnowsASource(dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
