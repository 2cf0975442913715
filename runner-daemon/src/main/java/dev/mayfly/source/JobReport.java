package dev.mayfly.source;

import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What the source is told of one job, in this order: phases and log, then the end, then the
 * receipt.
 */
public interface JobReport {

    void phase(JobPhase phase);

    /**
     * Where the job's masked log goes: to each of these. None may lose anything; a {@linkplain
     * LogSink#slow() slow} one is put behind a spool. Asked once.
     */
    List<LogSink> logs();

    /** Whether who reads the log sees colours, so that the job's commands are shown in one. */
    default boolean colours() {
        return false;
    }

    /** For how long the job waited at the source before it was claimed, if the source says it. */
    default Optional<Duration> waited() {
        return Optional.empty();
    }

    /** The final state. Durable when it returns; called once, and again only if it throws. */
    void finished(Outcome outcome);

    /** How the environment was destroyed. Called at least once, again after a retry. */
    void released(Receipt receipt);

    /** How the job's files come from other jobs and go to them. */
    default Exchange exchange() {
        return Exchange.NONE;
    }
}
