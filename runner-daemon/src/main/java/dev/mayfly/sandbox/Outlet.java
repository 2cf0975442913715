package dev.mayfly.sandbox;

import java.io.IOException;
import java.net.Inet4Address;
import java.util.Optional;
import java.util.Set;

/**
 * The only way out of a sandbox whose own network leads nowhere: what its containers send to the
 * relay beside them arrives here, outside of the sandbox, and is decided and connected here. Safe
 * for use by many threads.
 */
public interface Outlet {

    /** Where the containers find a proxy for HTTP. */
    int PROXY_PORT = 3128;

    /** Beside the proxy's, ports on which connections to names are taken; at most 60. */
    Set<Integer> ports();

    /** How many connections are served at once, 1 to 1024; more wait. */
    int connections();

    /**
     * Answers a question to the name server. Must answer at once: it is asked on the thread that
     * serves all connections.
     *
     * @param origin who asks
     * @param question a DNS message, from whoever
     * @param relay what a name that may be reached is said to be
     * @return a DNS message, or empty if this is none
     */
    Optional<byte[]> answer(Origin origin, byte[] question, Inet4Address relay);

    /**
     * Serves one connection to its end, on a thread of its own. The line is closed afterwards.
     *
     * @param origin who has connected
     * @param port of the relay, {@link #PROXY_PORT} or one of {@link #ports}
     */
    void serve(Origin origin, int port, Line line) throws InterruptedException;

    /**
     * Which of a sandbox's containers something comes from.
     *
     * @param part what it is for
     * @param name in words, for the job's author
     */
    record Origin(Part part, String name) {

        /** What a container is for. */
        public enum Part {
            CHECKOUT,
            JOB,
            SERVICE
        }
    }

    /** A connection of a container. Reading and writing are for one thread each. */
    interface Line extends AutoCloseable {

        /**
         * Reads what there is, at least a byte; waits for it.
         *
         * @return how many bytes, or -1 when the container sends no more
         * @throws IOException if the connection is broken or closed
         */
        int read(byte[] into, int offset, int length) throws IOException, InterruptedException;

        /**
         * Writes all of it; waits as long as the container does not read.
         *
         * @throws IOException if the connection is broken or closed
         */
        void write(byte[] bytes, int offset, int length) throws IOException, InterruptedException;

        /** Says that nothing more is written. */
        void endOutput();

        /**
         * Says what is to be done when the container's end of the connection is gone altogether: at
         * once if it is. Must not wait.
         */
        void whenGone(Runnable then);

        /** Ends the connection in both directions. For any thread, any number of times. */
        @Override
        void close();
    }
}
