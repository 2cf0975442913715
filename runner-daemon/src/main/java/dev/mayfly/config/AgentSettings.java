package dev.mayfly.config;

/**
 * The agent image.
 *
 * @param image its reference
 */
public record AgentSettings(String image) {}
