package dev.mayfly.source.gitlab;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Exchange;
import dev.mayfly.source.JobReport;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The way back to GitLab for one job. */
final class GitLabReport implements JobReport {

    private final ActiveJob job;
    private final LogSink log;

    /** Reports on a job. */
    GitLabReport(ActiveJob job) {
        this.job = job;
        this.log = new TraceLog(job.log());
    }

    /** GitLab knows of running jobs only, and was told when this one was taken. */
    @Override
    public void phase(JobPhase phase) {}

    @Override
    public List<LogSink> logs() {
        return List.of(log);
    }

    @Override
    public Optional<Duration> waited() {
        return job.waited();
    }

    @Override
    public boolean colours() {
        return true;
    }

    /**
     * Notes the end, from where it is told after all of the log, by a later life if need be. The
     * log's last section says what became of the environment.
     *
     * @throws FaultException when it cannot be noted
     */
    @Override
    public void finished(Outcome outcome) {
        try {
            job.decided(
                    FailureReason.of(
                            outcome,
                            job.cancelledByServer(),
                            job.payload().facts().server().failureReasons()));
        } catch (IOException e) {
            throw new FaultException(
                    Fault.LOG,
                    "the end of job "
                            + job.id()
                            + " could not be noted for GitLab ("
                            + e.getMessage()
                            + "): make room in the state directory",
                    e);
        }
    }

    @Override
    public Exchange exchange() {
        return job.exchange();
    }

    @Override
    public void released(Receipt receipt) {
        job.destroyed(receipt);
    }

    /**
     * The masked log on its way into the file from which it is delivered: what was accepted
     * outlives any outage of the server, so nobody ever waits for it here, and it can be sent again
     * from its start, which GitLab may ask for.
     */
    private static final class TraceLog implements LogSink {

        private final TraceWriter writer;
        private final LogOrder order = new LogOrder(LogPosition.START);

        TraceLog(TraceWriter writer) {
            this.writer = writer;
        }

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            order.output(start, length);
            try {
                writer.output(at, bytes, offset, length);
            } catch (IOException e) {
                throw notKept(e);
            }
        }

        @Override
        public void event(LogPosition at, LogEvent event) {
            order.event(at);
            try {
                switch (event) {
                    case LogEvent.SectionStarted(Instant time, String section) ->
                            writer.sectionStarted(time, section);
                    case LogEvent.SectionEnded(Instant time, String section, Duration _) ->
                            writer.sectionEnded(time, section);
                    case LogEvent.Notice(Instant time, String text) -> writer.notice(time, text);
                }
            } catch (IOException e) {
                throw notKept(e);
            }
        }

        @Override
        public void finish(LogPosition total) {
            order.end(total);
            try {
                writer.finish();
            } catch (IOException e) {
                throw notKept(e);
            }
        }

        private static FaultException notKept(IOException e) {
            return new FaultException(
                    Fault.LOG,
                    "the log could not be kept for GitLab ("
                            + e.getMessage()
                            + "): make room in the state directory",
                    e);
        }
    }
}
