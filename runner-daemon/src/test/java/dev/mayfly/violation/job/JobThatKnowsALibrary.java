package dev.mayfly.violation.job;

/** Vocabulary with a library in it. */
public record JobThatKnowsALibrary(com.fasterxml.jackson.databind.JsonNode json) {}
