package dev.mayfly.violation.artifacts.s3;

/** Knows a package that is none of its business. */
public record ArtifactsS3ThatKnowTooMuch(dev.mayfly.violation.logs.LogsThatKnowsSource other) {}
