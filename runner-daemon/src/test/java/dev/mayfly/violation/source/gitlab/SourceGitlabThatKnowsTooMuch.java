package dev.mayfly.violation.source.gitlab;

/** Knows a package that is none of its business. */
public record SourceGitlabThatKnowsTooMuch(dev.mayfly.violation.pool.PoolThatKnowsSandbox other) {}
