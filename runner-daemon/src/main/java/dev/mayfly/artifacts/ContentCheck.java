package dev.mayfly.artifacts;

import java.io.IOException;

/**
 * Looks at the content of files before it leaves the host. What it does not like it refuses, and
 * nothing of the file that it has not passed on has left. For one thread.
 */
public interface ContentCheck {

    /**
     * A file begins.
     *
     * @param path as the job's author knows it
     */
    void begin(String path);

    /**
     * Looks at the next bytes of the file and passes on what may leave, now or later.
     *
     * @throws dev.mayfly.job.FaultException {@code ARTIFACTS} when the file must not leave
     */
    void take(byte[] bytes, int offset, int length, Way out) throws IOException;

    /** The file has ended; what was held back is passed on. */
    void end(Way out) throws IOException;

    /** The way on. */
    @FunctionalInterface
    interface Way {
        void pass(byte[] bytes, int offset, int length) throws IOException;
    }
}
