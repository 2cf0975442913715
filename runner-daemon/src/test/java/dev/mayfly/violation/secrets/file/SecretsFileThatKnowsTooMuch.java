package dev.mayfly.violation.secrets.file;

/** Knows a package that is none of its business. */
public record SecretsFileThatKnowsTooMuch(dev.mayfly.violation.logs.LogsThatKnowsSource other) {}
