package dev.mayfly.source;

import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;

/**
 * What the source is told of one job, in this order: phases and log, then the end, then the
 * receipt.
 */
public interface JobReport {

    void phase(JobPhase phase);

    /** Where the job's masked log goes. The same object each time. */
    LogSink log();

    /** The final state. Durable when it returns; called once, and again only if it throws. */
    void finished(Outcome outcome);

    /** How the environment was destroyed. Called at least once, again after a retry. */
    void released(Receipt receipt);
}
