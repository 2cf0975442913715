package dev.mayfly.violation.images;

/** Knows a package that is none of its business. */
public record ImagesThatKnowASource(dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
