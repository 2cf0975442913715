package dev.mayfly.violation.secrets;

/** A stage that knows another one. */
public record SecretsThatKnowsLogs(dev.mayfly.violation.logs.LogsThatKnowsSource other) {}
