package dev.mayfly.violation.teardown;

/** Knows a package that is none of its business. */
public record TeardownThatKnowsTooMuch(dev.mayfly.violation.logs.LogsThatKnowsSource other) {}
