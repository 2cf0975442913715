package dev.mayfly.violation.logs;

/** A stage that knows another one. */
public record LogsThatKnowsSource(dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
