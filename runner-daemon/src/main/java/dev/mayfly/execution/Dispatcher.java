package dev.mayfly.execution;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.pool.Slot;
import dev.mayfly.pool.SlotPool;
import dev.mayfly.source.Backlog;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.JobSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the jobs and the slots of one pool together. It holds a slot before it asks a source, and
 * asks only while engine and secrets provider are healthy, so that nothing is pulled that cannot be
 * run.
 */
public final class Dispatcher {

    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private static final Duration SLOT_WAIT = Duration.ofSeconds(30);
    private static final Duration CLAIM_WAIT = Duration.ofSeconds(20);

    /** Of all sources together where there are several: a job of one waits for the others. */
    private static final Duration ROUND = Duration.ofSeconds(2);

    private static final Duration PAUSE_WHILE_UNHEALTHY = Duration.ofSeconds(2);
    private static final Duration PAUSE_WHILE_DRAINED = Duration.ofSeconds(5);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(2);
    private static final Duration LAST_RETRY = Duration.ofMinutes(5);

    private final Stages stages;
    private final SlotPool slots;
    private final List<JobSource> sources;
    private final Map<JobId, Running> running = new ConcurrentHashMap<>();
    private final Thread claimer;

    /** Each job is run by those that are here when it is claimed. */
    private volatile PoolTerms terms;

    private volatile boolean stopping;
    private volatile String engineIllness = "";
    private volatile String secretsIllness = "";
    private volatile String auditIllness = "";
    private volatile boolean paused;
    private volatile boolean resting;

    /** When the claimer last did something, by {@link System#nanoTime()}. */
    private volatile long beat;

    private record Running(Claim claim, Thread thread) {}

    /**
     * Prepares the dispatcher; {@link #start()} begins to ask.
     *
     * @param sources those that may feed this pool; at least one
     */
    public Dispatcher(Stages stages, PoolTerms terms, SlotPool slots, List<JobSource> sources) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("no source feeds pool " + terms.pool());
        }
        this.stages = stages;
        this.terms = terms;
        this.slots = slots;
        this.sources = List.copyOf(sources);
        this.claimer = Thread.ofVirtual().name("claim-" + terms.pool()).unstarted(this::claimLoop);
    }

    /** Begins to ask. */
    public void start() {
        JobMetrics metrics = stages.metrics();
        metrics.watchHealth(
                terms.pool(),
                () -> engineIllness.isEmpty(),
                () -> secretsIllness.isEmpty(),
                () -> auditIllness.isEmpty());
        sources.forEach(source -> watch(metrics, source));
        beat = System.nanoTime();
        claimer.start();
    }

    private void watch(JobMetrics metrics, JobSource source) {
        metrics.watchSource(
                source.name(),
                () -> source.unhealthyBecause().isEmpty(),
                () -> source.lag().bytes(),
                () -> source.lag().longest());
        metrics.watchJobs(terms.pool(), source.name());
        if (source.backlog(terms.pool()).isPresent()) {
            metrics.watchBacklog(
                    terms.pool(),
                    source.name(),
                    () -> source.backlog(terms.pool()).map(Backlog::jobs).orElse(0),
                    () -> source.backlog(terms.pool()).map(Backlog::oldest).orElse(Duration.ZERO));
        }
    }

    /** The pool whose jobs these are. */
    public PoolName pool() {
        return terms.pool();
    }

    /** Runs the next jobs on other terms of the same pool. */
    public void adopt(PoolTerms other) {
        if (!other.pool().equals(terms.pool())) {
            throw new IllegalArgumentException(
                    "terms of pool " + other.pool() + " for pool " + terms.pool());
        }
        terms = other;
    }

    /**
     * Asks for nothing more until {@link #resume()}. Running jobs go on, and so does what a
     * question that is under way brings; {@link #atRest()} tells when there is none any more.
     */
    public void pause() {
        paused = true;
    }

    /** Whether no job can come, because this was asked to pause and does. */
    public boolean atRest() {
        return resting;
    }

    /** Asks again. */
    public void resume() {
        paused = false;
        LockSupport.unpark(claimer);
    }

    /** The jobs that run. */
    public Set<JobId> running() {
        return Set.copyOf(running.keySet());
    }

    /** How the slots are used at this moment. */
    public SlotPool.Occupancy occupancy() {
        return slots.occupancy();
    }

    /**
     * How long the claimer has not moved. It waits for slots and sources and asks engine and
     * secrets provider in between, which takes a minute or two where those are slow. Zero when it
     * is not meant to move.
     */
    public Duration silence() {
        return stopping || claimer.getState() == Thread.State.NEW
                ? Duration.ZERO
                : Duration.ofNanos(System.nanoTime() - beat);
    }

    /** Asks for nothing more. Running jobs go on. */
    public void stopClaiming() {
        stopping = true;
        claimer.interrupt();
    }

    /** Asks every running job to end, each with the same reason. */
    public void cancelAll(String reason) {
        running.values().forEach(r -> r.claim().cancellation().request(reason));
    }

    /**
     * Waits until no job runs.
     *
     * @param limit how long at most
     * @return whether none runs any more
     */
    public boolean awaitIdle(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        if (claimer.getState() != Thread.State.NEW && !claimer.join(limit)) {
            return false;
        }
        for (Running job : running.values()) {
            Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
            job.thread().join(left.plusMillis(1));
        }
        return running.isEmpty();
    }

    /** Whether no job runs now. */
    public boolean isIdle() {
        return running.isEmpty();
    }

    private void claimLoop() {
        while (!stopping) {
            beat = System.nanoTime();
            try {
                if (paused) {
                    rest();
                    continue;
                }
                resting = false;
                if (!healthy()) {
                    Thread.sleep(PAUSE_WHILE_UNHEALTHY);
                    continue;
                }
                Optional<Slot> free = slots.acquire(SLOT_WAIT);
                if (free.isPresent()) {
                    claimFor(free.get());
                }
            } catch (InterruptedException e) {
                return; // stopClaiming is the only one who interrupts
            } catch (RuntimeException e) {
                LOG.error("claiming failed pool={}; trying again", terms.pool(), e);
                pause(PAUSE_WHILE_UNHEALTHY);
            }
        }
    }

    private void rest() throws InterruptedException {
        if (!resting) {
            for (JobSource source : sources) {
                source.rest();
            }
            resting = true;
        }
        LockSupport.parkNanos(PAUSE_WHILE_DRAINED.toNanos());
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private boolean healthy() throws InterruptedException {
        String engine = stages.sandboxes().unhealthyBecause(terms.pool()).orElse("");
        // Of what was not asked, the last answer stands.
        String secrets =
                engine.isEmpty() ? stages.secrets().unhealthyBecause(terms.pool()) : secretsIllness;
        String audit = stages.audit().unhealthyBecause();
        String illness =
                Stream.of(engine, engine.isEmpty() ? secrets : "", audit)
                        .filter(one -> !one.isEmpty())
                        .findFirst()
                        .orElse("");
        boolean news =
                !engine.equals(engineIllness)
                        || !secrets.equals(secretsIllness)
                        || !audit.equals(auditIllness);
        engineIllness = engine;
        secretsIllness = secrets;
        auditIllness = audit;
        if (news) {
            if (illness.isEmpty()) {
                LOG.info("healthy again, asking for jobs pool={}", terms.pool());
            } else {
                LOG.warn("not asking for jobs pool={} because={}", terms.pool(), illness);
            }
        }
        return illness.isEmpty();
    }

    private void claimFor(Slot slot) throws InterruptedException {
        boolean handedOver = false;
        try {
            Duration wait = sources.size() == 1 ? CLAIM_WAIT : ROUND.dividedBy(sources.size());
            for (JobSource source : sources) {
                beat = System.nanoTime();
                if (stopping || paused || !healthy()) { // the wait for the slot may have been long
                    return;
                }
                Optional<Claim> claim = source.claim(terms.pool(), wait);
                if (claim.isPresent()) {
                    start(source, claim.get(), slot);
                    handedOver = true;
                    return;
                }
            }
        } finally {
            if (!handedOver) {
                slot.release();
            }
        }
    }

    private void start(JobSource source, Claim claim, Slot slot) {
        stages.metrics().jobClaimed(terms.pool(), source.name());
        Thread thread =
                Thread.ofVirtual()
                        .name("job-" + claim.job())
                        .unstarted(() -> runIn(slot, source, claim));
        running.put(claim.job(), new Running(claim, thread));
        thread.start();
    }

    private void runIn(Slot slot, JobSource source, Claim claim) {
        try {
            JobReport report = source.report(claim);
            report.waited()
                    .ifPresent(waited ->
                            stages.metrics()
                                    .waited(claim.job(), terms.pool(), source.name(), waited));
            JobRun run = new JobRun(stages, claim, report, terms);
            if (run.toTheEnd().clean()) {
                slot.release();
            } else {
                quarantine(slot, run, claim.job());
            }
        } catch (RuntimeException | Error | InterruptedException e) {
            // Not known to be clean, so not free: the next start's sweep decides.
            LOG.error(
                    "slot lost until the next start pool={} job={}", terms.pool(), claim.job(), e);
            slot.quarantine();
        } finally {
            running.remove(claim.job());
        }
    }

    /** The slot comes back when the environment is proven gone, however long that takes. */
    private void quarantine(Slot slot, JobRun run, JobId job) throws InterruptedException {
        LOG.error("slot quarantined, leftovers exist pool={} job={}", terms.pool(), job);
        slot.quarantine();
        Duration pause = FIRST_RETRY;
        while (!stopping) {
            pause(pause);
            if (run.destroyAgain().clean()) {
                LOG.info("leftovers gone, slot is back pool={} job={}", terms.pool(), job);
                slot.restore();
                return;
            }
            pause = pause.compareTo(LAST_RETRY) < 0 ? pause.multipliedBy(2) : LAST_RETRY;
        }
    }

    private void pause(Duration length) {
        long end = System.nanoTime() + length.toNanos();
        while (!stopping && System.nanoTime() < end) {
            LockSupport.parkNanos(Math.min(end - System.nanoTime(), 500_000_000L));
        }
    }
}
