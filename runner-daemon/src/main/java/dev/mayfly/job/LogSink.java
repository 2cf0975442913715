package dev.mayfly.job;

/**
 * Takes a job's masked log, in order, from one thread at a time. Blocks while it cannot take more;
 * that is the back-pressure that slows the job down.
 */
public interface LogSink {

    void accept(LogEvent event) throws InterruptedException;

    /** Everything accepted is delivered when this returns. Nothing is accepted afterwards. */
    void finish() throws InterruptedException;
}
