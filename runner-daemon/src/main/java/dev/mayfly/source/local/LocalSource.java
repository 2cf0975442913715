package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Backlog;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.JobSource;
import dev.mayfly.state.StateStore;
import dev.mayfly.state.TimeOrderedName;
import dev.mayfly.state.Transaction;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The embedded source: a durable queue. What a method has answered is on the disk, so a process
 * that dies at any instant neither loses a job nor lets it run twice.
 */
public final class LocalSource implements JobSource, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LocalSource.class);

    private final LocalSourceSettings settings;
    private final LifeId life;
    private final StateStore store;
    private final SpecText specs;
    private final Function<JobSpec, Optional<String>> intake;
    private final Clock clock;
    private final Uploads uploads;
    private final JobProgress progress;

    /** Beaten when a job may have come in. */
    private final Pulse arrivals = new Pulse();

    private final Map<JobId, RunningJob> running = new ConcurrentHashMap<>();
    private final ForeignNews news;

    /**
     * A source that does nothing yet.
     *
     * @param life who claims
     * @param store where everything is kept
     * @param specs how a job is written down
     * @param intake the reason, with the cure, to refuse a job, or empty to take it; must be quick
     *     and free of side effects
     */
    public LocalSource(
            LocalSourceSettings settings,
            LifeId life,
            StateStore store,
            SpecText specs,
            Function<JobSpec, Optional<String>> intake,
            Clock clock) {
        this.settings = settings;
        this.life = life;
        this.store = store;
        this.specs = specs;
        this.intake = intake;
        this.clock = clock;
        this.uploads = new Uploads(store.directory());
        this.progress = new JobProgress(store, uploads, clock);
        this.news = new ForeignNews(settings.name(), store, this::hear, this::tidy);
    }

    /** Reviews what waits since an earlier life, then watches what other processes do. */
    public void start() {
        reviewWaiting();
        news.start();
    }

    /** Stops watching. What waits stays; what runs is not touched. */
    @Override
    public void close() {
        news.close();
    }

    @Override
    public String name() {
        return settings.name();
    }

    /**
     * Takes a job in. It survives a crash from when this returns.
     *
     * @param spec the job; a packed workspace that it names is moved away and belongs to this
     *     source from then on
     * @throws SubmitRefusedException when it may not run here; nothing is kept then, and the packed
     *     workspace stays where it is
     */
    public JobId submit(JobSpec spec) throws SubmitRefusedException {
        Optional<String> refusal = intake.apply(spec);
        if (refusal.isPresent()) {
            throw new SubmitRefusedException(refusal.get());
        }
        if (store.read(in -> JobTable.queued(in, name())) >= settings.maxQueued()) {
            throw new SubmitRefusedException(
                    "the queue of source \""
                            + name()
                            + "\" is full: "
                            + settings.maxQueued()
                            + " jobs wait; try again when some have run, or cancel some");
        }
        Instant now = clock.instant();
        JobId job = new JobId(TimeOrderedName.of("j-", now));
        JobSpec kept = uploads.adopt(job, spec);
        try {
            store.write(in -> {
                JobTable.insert(in, waiting(job, kept, now), specs.write().apply(kept), owner());
                return job;
            });
        } catch (RuntimeException e) {
            if (!kept.equals(spec)) {
                uploads.delete(job);
            }
            throw e;
        }
        arrivals.beat();
        return job;
    }

    @Override
    public Optional<Claim> claim(PoolName pool, Duration wait) throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        while (true) {
            long seen = arrivals.beats();
            Optional<Claim> claim = take(pool);
            long left = deadline - System.nanoTime();
            if (claim.isPresent() || left <= 0) {
                return claim;
            }
            arrivals.await(seen, left);
        }
    }

    @Override
    public Optional<Backlog> backlog(PoolName pool) {
        return Optional.of(store.read(in -> JobTable.backlog(in, name(), pool, clock.instant())));
    }

    @Override
    public JobReport report(Claim claim) {
        RunningJob job = running.get(claim.job());
        if (job == null) {
            throw new IllegalArgumentException(
                    "job " + claim.job() + " was not claimed here, or has ended");
        }
        return job;
    }

    /**
     * Asks a job to end: one that waits ends at once, one that runs is told, whichever process runs
     * it.
     *
     * @param reason who and why; the first reason counts
     * @return what that did, or empty when there is no such job
     */
    public Optional<CancelEffect> cancel(JobId job, String reason) {
        Optional<CancelEffect> effect =
                store.write(in -> JobTable.cancel(in, job, reason, clock.instant()));
        if (effect.equals(Optional.of(CancelEffect.ENDED))) {
            uploads.delete(job);
        }
        RunningJob here = running.get(job);
        if (here != null && effect.equals(Optional.of(CancelEffect.REQUESTED))) {
            here.cancellation().request(reason);
        }
        return effect;
    }

    /** A job, or empty when it was never here or is forgotten. */
    public Optional<LocalJob> job(JobId job) {
        return store.read(in -> JobTable.job(in, job));
    }

    /** What a job's author asked for, or empty when the job is not known. */
    public Optional<JobSpec> spec(JobId job) {
        return store.read(in -> JobTable.spec(in, job)).map(specs.read());
    }

    /** The same as JSON for people to read, without the values of variables and credentials. */
    Optional<JsonNode> describedSpec(JobId job) {
        return spec(job).map(SpecDescription::of).map(specs.write()).map(JobJson::tree);
    }

    /** Jobs of every process that shares the state directory, newest first. */
    public List<LocalJob> list(JobQuery query) {
        return store.read(in -> JobTable.list(in, query));
    }

    /**
     * Reads a job's log from the given place to its end, waiting while the job runs.
     *
     * @return a reader of one's own, to be closed; empty when the job is not known
     */
    public Optional<LogReader> log(JobId job, LogPosition from) {
        if (job(job).isEmpty()) {
            return Optional.empty();
        }
        RunningJob here = running.get(job);
        return Optional.of(
                new LogReader(
                        logFiles(job),
                        here == null ? new Pulse() : here.pulse(),
                        () -> job(job),
                        from));
    }

    /** Where a job's masked output is kept, as it is. There may be no such file. */
    public Path logFile(JobId job) {
        return logFiles(job).output();
    }

    /**
     * Whether a job's log will go on, is all there, or will never be.
     *
     * @throws IOException when the log cannot be read
     */
    LogState logState(LocalJob job) throws IOException {
        if (!job.state().ended()) {
            return LogState.GROWING;
        }
        boolean ran = job.state().times().claimed() != null;
        return !ran || logFiles(job.id()).complete() ? LogState.COMPLETE : LogState.INCOMPLETE;
    }

    /**
     * Gives jobs of dead processes their final state: never run again, never forgotten.
     *
     * @param living the lives whose process runs; asked after looking, so that a life that began
     *     meanwhile is not taken for dead
     * @return jobs of which something may be left, until {@link #released} is told of a clean
     *     receipt
     */
    public Set<JobId> recover(Supplier<Set<LifeId>> living) {
        return new Recovery(store, progress).recover(living);
    }

    /** Keeps the receipt of any job of this source, also of an earlier life's. */
    public void released(Receipt receipt) {
        store.write(in -> {
            JobTable.release(in, receipt);
            return receipt;
        });
        if (receipt.clean()) {
            running.remove(receipt.job());
        }
    }

    /** Deletes what has been kept long enough, logs included, and what a crash left of uploads. */
    public void tidy() {
        new Retention(store, uploads, clock, settings.keepFinished()).tidy();
    }

    private Optional<Claim> take(PoolName pool) {
        while (true) {
            Optional<JobTable.Stored> stored = store.write(in -> take(in, pool));
            if (stored.isEmpty()) {
                return Optional.empty();
            }
            JobId job = stored.get().id();
            RunningJob taken = running.get(job);
            if (taken == null) {
                throw new IllegalStateException("job " + job + " was taken and is not known");
            }
            try {
                JobSpec spec = specs.read().apply(stored.get().spec());
                return Optional.of(new Claim(job, name(), spec, taken.cancellation()));
            } catch (RuntimeException e) {
                LOG.error("Stored job={} cannot be read", job, e);
                taken.finished(unreadable(e));
                running.remove(job);
                progress.enter(job, JobPhase.FINISHED);
            }
        }
    }

    /** Known here before it is durable, so that a cancel in between finds it. */
    private Optional<JobTable.Stored> take(Transaction in, PoolName pool) throws SQLException {
        Optional<JobTable.Stored> stored =
                JobTable.claim(in, name(), pool, life, owner(), clock.instant());
        stored.ifPresent(job -> running.put(job.id(), run(job)));
        return stored;
    }

    /** Another process's queue is not ours to review: its configuration may allow other things. */
    private void reviewWaiting() {
        if (settings.queue() == LocalSourceSettings.Queue.PRIVATE) {
            return;
        }
        for (JobTable.Stored job : store.read(in -> JobTable.waiting(in, name()))) {
            Optional<Outcome> end;
            try {
                end = intake.apply(specs.read().apply(job.spec())).map(Outcome.Denied::new);
            } catch (RuntimeException e) {
                LOG.error("Stored job={} cannot be read", job.id(), e);
                end = Optional.of(unreadable(e));
            }
            end.ifPresent(outcome -> progress.end(job.id(), outcome, JobPhase.FINISHED));
        }
    }

    private static Outcome unreadable(RuntimeException e) {
        return new Outcome.Faulted(
                Fault.INTERNAL,
                "the stored job cannot be read ("
                        + e.getClass().getSimpleName()
                        + "); it may be from another version of Mayfly: submit it again");
    }

    private RunningJob run(JobTable.Stored job) {
        Duration waited = Duration.between(job.submitted(), clock.instant());
        return new RunningJob(job.id(), waited, logFiles(job.id()), progress, this::released);
    }

    private @Nullable LifeId owner() {
        return settings.queue() == LocalSourceSettings.Queue.PRIVATE ? life : null;
    }

    private LocalJob waiting(JobId job, JobSpec spec, Instant now) {
        return new LocalJob(
                job,
                name(),
                spec.name(),
                spec.pool() == null ? settings.defaultPool() : spec.pool(),
                new JobState(
                        JobPhase.QUEUED,
                        new JobTimes(now, null, null, null, null),
                        null,
                        null,
                        null));
    }

    private LogFiles logFiles(JobId job) {
        return LogFiles.of(store.directory().logs(), job);
    }

    private void hear() {
        arrivals.beat();
        for (JobTable.Wish wish : store.read(in -> JobTable.wishes(in, life))) {
            RunningJob here = running.get(wish.job());
            if (here != null) {
                here.cancellation().request(wish.reason());
            }
        }
    }
}
