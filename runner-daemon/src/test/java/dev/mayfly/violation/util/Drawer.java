package dev.mayfly.violation.util;

/** In a package for anything. */
public record Drawer(String anything) {}
