package dev.mayfly.violation.secrets.vault;

/** Knows a package that is none of its business. */
public record SecretsVaultThatKnowsTooMuch(dev.mayfly.violation.logs.LogsThatKnowsSource other) {}
