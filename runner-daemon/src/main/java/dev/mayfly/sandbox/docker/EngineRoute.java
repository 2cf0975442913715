package dev.mayfly.sandbox.docker;

import java.net.URI;

/** The way to an engine. Safe for use by many threads. */
interface EngineRoute extends AutoCloseable {

    /** What the engine is called in messages: what the configuration says. */
    URI name();

    /**
     * An address to connect to, of a unix socket or over TCP. May have to make the way first, and
     * wait for that.
     *
     * @throws dev.mayfly.job.FaultException {@code ENGINE} if there is no way
     */
    URI reach() throws InterruptedException;

    /** What is wrong with the way itself, for the end of a message; empty if nothing is known. */
    default String trouble() {
        return "";
    }

    /** Unmakes what was made. */
    @Override
    default void close() {}

    /** Nothing on the way: the address is the engine's own. */
    record Direct(URI name) implements EngineRoute {
        @Override
        public URI reach() {
            return name;
        }
    }
}
