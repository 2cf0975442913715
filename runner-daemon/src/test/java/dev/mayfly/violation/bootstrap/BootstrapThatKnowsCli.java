package dev.mayfly.violation.bootstrap;

/** Depends on what is above it. */
public record BootstrapThatKnowsCli(dev.mayfly.violation.cli.CommandLineEntry entry) {}
