package dev.mayfly.bootstrap;

import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.execution.JobRun;
import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.local.LocalJob;
import dev.mayfly.source.local.LocalSource;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.source.local.LogEnd;
import dev.mayfly.source.local.LogReader;
import dev.mayfly.source.local.SubmitRefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job in this process, in exactly the daemon's way: queue, admission, secrets, sandbox, log,
 * teardown, receipt. Only the queue is private, so that no daemon takes the job.
 */
public final class SingleJob implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SingleJob.class);

    private static final Duration CLAIM_WAIT = Duration.ofSeconds(10);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    /** How long the end of the process waits for the environment to be destroyed. */
    private static final Duration CANCEL_LIMIT = Duration.ofMinutes(2);

    private final Assembly parts;

    /**
     * Everything is done but the end of the process. Not the end of the caller's thread: that one
     * may wait in {@code System.exit} for the very hook that waits here.
     */
    private final CountDownLatch closed = new CountDownLatch(1);

    private SingleJob(Assembly parts) {
        this.parts = parts;
    }

    /**
     * How the job ended.
     *
     * @param outcome what became of it
     * @param receipt what became of its environment
     */
    public record End(Outcome outcome, Receipt receipt) {}

    /**
     * Puts the parts together and destroys what dead lives have left.
     *
     * @throws dev.mayfly.state.StateException when the state directory cannot be used
     */
    public static SingleJob open(MayflySettings settings) throws InterruptedException {
        Assembly parts = Assembly.open(settings, LocalSourceSettings.Queue.PRIVATE);
        try {
            parts.sweep();
            parts.local().start();
            return new SingleJob(parts);
        } catch (RuntimeException | InterruptedException e) {
            parts.close();
            throw e;
        }
    }

    /**
     * Runs the job to its verified end. The end of the process, by Ctrl-C for example, cancels it
     * and waits until this is closed.
     *
     * @param view gets the job's masked log on a thread of its own
     * @throws SubmitRefusedException when admission refuses the job
     */
    public End run(JobSpec spec, LogSink view) throws SubmitRefusedException, InterruptedException {
        LocalSource source = parts.local();
        JobId id = source.submit(spec);
        PoolName pool =
                source.job(id)
                        .map(LocalJob::pool)
                        .orElseThrow(
                                () -> new IllegalStateException("job " + id + " has vanished"));
        Claim claim =
                source.claim(pool, CLAIM_WAIT)
                        .orElseThrow(
                                () -> new IllegalStateException("job " + id + " was not claimed"));
        Thread viewer = Thread.ofVirtual().name("view-" + id).start(() -> show(id, view));

        Thread cancelAtExit =
                new Thread(
                        () -> {
                            claim.cancellation().request("the process was asked to end");
                            // Not for the thread's end: it may be asking for the process's end
                            // itself, and wait there for us.
                            awaitClosed();
                        },
                        "cancel-at-exit");
        Runtime.getRuntime().addShutdownHook(cancelAtExit);
        try {
            JobReport report = source.report(claim);
            Receipt receipt = new JobRun(parts.stages(), claim, report, terms(pool)).toTheEnd();
            viewer.join(Duration.ofSeconds(10));

            Outcome outcome =
                    source.job(id)
                            .map(job -> job.state().outcome())
                            .orElseThrow(
                                    () -> new IllegalStateException("job " + id + " has no end"));
            return new End(outcome, receipt);
        } finally {
            removeHook(cancelAtExit);
        }
    }

    /** Also lets a process go that was asked to end and waits for this job. */
    @Override
    public void close() {
        try {
            parts.close();
        } finally {
            closed.countDown();
        }
    }

    private PoolTerms terms(PoolName pool) {
        return parts.settings().pools().stream()
                .map(PoolSettings::terms)
                .filter(terms -> terms.pool().equals(pool))
                .findFirst()
                .orElseThrow();
    }

    private void show(JobId id, LogSink view) {
        try (LogReader log = parts.local().log(id, LogPosition.START).orElseThrow()) {
            while (true) {
                switch (log.next(LOOK_EVERY)) {
                    case LogReader.Next.Output next ->
                            view.output(
                                    next.start(), next.at(), next.bytes(), 0, next.bytes().length);
                    case LogReader.Next.Event next -> view.event(next.start(), next.event());
                    case LogReader.Next.Nothing() -> {
                        // the job is quiet
                    }
                    case LogReader.Next.End(LogEnd end) -> {
                        view.finish(end.total());
                        if (end.incompleteBecause() != null) {
                            LOG.error("log is incomplete job={}: {}", id, end.incompleteBecause());
                        }
                        return;
                    }
                }
            }
        } catch (IOException e) {
            throw new FaultException(
                    Fault.LOG,
                    "the log cannot be shown: " + e.getMessage(),
                    new UncheckedIOException(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitClosed() {
        try {
            if (!closed.await(CANCEL_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                LOG.error("the job's environment is not gone after {}", CANCEL_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.debug("the process is ending already, and its hook waits for us", e);
        }
    }
}
