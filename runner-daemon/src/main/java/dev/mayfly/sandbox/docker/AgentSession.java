package dev.mayfly.sandbox.docker;

/**
 * A running container whose agent waits for steps.
 *
 * @param container its name
 * @param stream to the agent
 * @param hello what the agent said first
 */
record AgentSession(String container, AgentStream stream, AgentMessage.Hello hello) {}
