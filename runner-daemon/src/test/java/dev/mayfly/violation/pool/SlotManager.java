package dev.mayfly.violation.pool;

/** Has a name for anything. */
public record SlotManager(String anything) {}
