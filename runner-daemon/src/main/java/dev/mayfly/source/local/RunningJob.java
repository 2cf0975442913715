package dev.mayfly.source.local;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.JobReport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A job that was claimed here and has not been released. */
final class RunningJob implements JobReport {

    private static final Logger LOG = LoggerFactory.getLogger(RunningJob.class);

    private final JobId job;
    private final Duration waited;
    private final JobProgress progress;
    private final Consumer<Receipt> release;
    private final Cancellation cancellation = new Cancellation();
    private final Pulse pulse = new Pulse();
    private final RetainedLog log;

    /**
     * Begins.
     *
     * @param waited before it was claimed
     * @param files of its log
     * @param release takes each receipt
     */
    RunningJob(
            JobId job,
            Duration waited,
            LogFiles files,
            JobProgress progress,
            Consumer<Receipt> release) {
        this.job = job;
        this.waited = waited;
        this.progress = progress;
        this.release = release;
        this.log = new RetainedLog(files, pulse);
    }

    Cancellation cancellation() {
        return cancellation;
    }

    /** Beaten when there is news of its log. */
    Pulse pulse() {
        return pulse;
    }

    @Override
    public void phase(JobPhase phase) {
        progress.enter(job, phase);
    }

    @Override
    public List<LogSink> logs() {
        return List.of(log);
    }

    @Override
    public Optional<Duration> waited() {
        return Optional.of(waited);
    }

    @Override
    public void finished(Outcome outcome) {
        try {
            log.close();
        } catch (FaultException e) {
            // The outcome is worth more than the end of its log.
            LOG.warn("The log of job={} could not be closed: {}", job, e.getMessage());
        }
        progress.end(job, outcome, JobPhase.TEARING_DOWN);
        pulse.beat();
    }

    @Override
    public void released(Receipt receipt) {
        release.accept(receipt);
    }
}
