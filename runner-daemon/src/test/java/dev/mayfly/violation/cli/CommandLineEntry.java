package dev.mayfly.violation.cli;

/** On top. */
public record CommandLineEntry(String name) {}
