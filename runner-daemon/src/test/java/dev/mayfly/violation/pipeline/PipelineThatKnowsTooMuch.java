package dev.mayfly.violation.pipeline;

/** Knows a package that is none of its business. */
public record PipelineThatKnowsTooMuch(
        dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
