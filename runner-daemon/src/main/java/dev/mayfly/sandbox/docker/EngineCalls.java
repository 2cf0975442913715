package dev.mayfly.sandbox.docker;

import java.time.Duration;

/** Hears of each call of the engine, to count it. Must neither block nor throw. */
@FunctionalInterface
public interface EngineCalls {

    /** Counts nothing. */
    EngineCalls UNCOUNTED = (_, _, _) -> {};

    /**
     * A call is over.
     *
     * @param operation one of a few verbs, such as {@code creating}
     * @param took from its beginning
     * @param ok whether the engine has done it, in time
     */
    void called(String operation, Duration took, boolean ok);
}
