package dev.mayfly.teardown;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.OwnedResource.Kind;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.Receipt.Disposal;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.SandboxBackend.Leftovers;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.state.StateException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Destroys environments and says what became of each part. One routine for every path: a job that
 * ended, one that was cancelled, a daemon that stops, the leftovers of an earlier life.
 */
public final class Reaper implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);

    /** Attempts of one sweep, so that a start does not hang on one stubborn container. */
    private static final int ATTEMPTS = 3;

    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final SandboxBackend backend;
    private final Journal journal;
    private final Lives lives;
    private final LeaseRevocation leases;
    private final JobRecords records;
    private final Clock clock;
    private final Duration firstPause;

    /** What was not clean at the last attempt, or was interrupted: ours to try again. */
    private final Map<JobId, Remainder> remainders = new ConcurrentHashMap<>();

    /** Being destroyed right now, by the job's own thread or by a sweep. */
    private final Set<JobId> inHand = ConcurrentHashMap.newKeySet();

    private final ReentrantLock sweeping = new ReentrantLock();
    private @Nullable Thread timer;

    /** When the timer's thread last did something, by {@link System#nanoTime()}. */
    private volatile long beat;

    /**
     * A reaper that does nothing yet.
     *
     * @param leases for leases of jobs whose process is dead
     * @param records who is told of each receipt that a sweep makes
     * @param firstPause before the second attempt; doubled for each further one
     */
    public Reaper(
            SandboxBackend backend,
            Journal journal,
            Lives lives,
            LeaseRevocation leases,
            JobRecords records,
            Clock clock,
            Duration firstPause) {
        this.backend = backend;
        this.journal = journal;
        this.lives = lives;
        this.leases = leases;
        this.records = records;
        this.clock = clock;
        this.firstPause = firstPause;
    }

    /**
     * Something of a job may be left.
     *
     * @param lease the job's means to end its secrets, or null when that died with its process
     */
    private record Remainder(int attempts, Instant due, @Nullable SecretLease lease) {}

    /**
     * Destroys whatever exists of a job and looks again. Can be repeated; bounded in time; never
     * throws for what the engine or a provider does. A receipt that is not clean is tried again by
     * the timer.
     *
     * @param lease what the job's secrets provider gave, or null when there is none
     */
    public Receipt destroy(JobId job, @Nullable SecretLease lease) throws InterruptedException {
        Remainder before = remainders.get(job);
        SecretLease means = lease == null && before != null ? before.lease() : lease;
        int attempts = before == null ? 1 : before.attempts() + 1;
        // Noted first: an interrupt on the way must not make us forget the rest.
        remainders.put(job, new Remainder(attempts, clock.instant().plus(pause(attempts)), means));
        inHand.add(job);
        try {
            List<OwnedResource> intended = intended(job);
            List<Disposal> disposals = new ArrayList<>(sandbox(job));
            disposals.addAll(secrets(job, means, intended));
            disposals.addAll(unmentioned(intended, disposals));
            Receipt receipt =
                    new Receipt(job, lives.current(), clock.instant(), disposals, images(job));
            close(receipt);
            return receipt;
        } finally {
            inHand.remove(job);
        }
    }

    /** How many jobs of this process are not gone although they should be. */
    public int quarantined() {
        return (int) remainders.keySet().stream().filter(job -> !inHand.contains(job)).count();
    }

    /**
     * Destroys what dead lives have left, and tries again what was not clean. Before the first job
     * is claimed, and on a timer.
     */
    public Sweep sweep() throws InterruptedException {
        sweeping.lockInterruptibly();
        try {
            List<String> incomplete = new ArrayList<>();
            Set<JobId> orphans = new LinkedHashSet<>();
            orphans.addAll(journaled(incomplete));
            orphans.addAll(recorded(incomplete));
            orphans.addAll(labelled(incomplete));
            orphans.addAll(due());
            orphans.removeAll(inHand);
            List<Receipt> receipts = new ArrayList<>();
            for (JobId job : orphans) {
                receipts.add(destroyPatiently(job));
            }
            lives.forgetDead();
            return new Sweep(receipts, incomplete.isEmpty() ? null : String.join("; ", incomplete));
        } finally {
            sweeping.unlock();
        }
    }

    /** Sweeps from now on, on a thread of its own. */
    public void start(Duration every) {
        beat = System.nanoTime();
        timer = Thread.ofVirtual().name("reaper").start(() -> sweepForever(every));
    }

    /** How long the timer has not moved; zero before it is started. */
    public Duration silence() {
        return timer == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - beat);
    }

    /** Stops the timer. What is not clean is left to the next life, which the journal tells. */
    @Override
    public void close() {
        if (timer == null) {
            return;
        }
        timer.interrupt();
        try {
            timer.join(Duration.ofSeconds(30));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // -- one job

    private List<OwnedResource> intended(JobId job) {
        try {
            return journal.intended(job);
        } catch (StateException e) {
            LOG.error("The journal is lost for job={}, its labels have to do", job, e);
            return List.of();
        }
    }

    private List<UsedImage> images(JobId job) {
        try {
            return journal.images(job);
        } catch (StateException e) {
            LOG.error("The journal is lost, the images of job={} are not known", job, e);
            return List.of();
        }
    }

    private List<Disposal> sandbox(JobId job) throws InterruptedException {
        try {
            return backend.destroy(job);
        } catch (FaultException e) {
            return List.of(
                    new Disposal(
                            new OwnedResource(Kind.CONTAINER, "everything labelled " + job),
                            false,
                            "the engine did not do it: " + e.getMessage()));
        }
    }

    private List<Disposal> secrets(
            JobId job, @Nullable SecretLease lease, List<OwnedResource> intended)
            throws InterruptedException {
        List<Disposal> disposals = new ArrayList<>();
        if (lease != null) {
            disposals.addAll(lease.revoke());
        }
        List<OwnedResource> orphaned =
                unmentioned(intended, disposals).stream()
                        .map(Disposal::resource)
                        .filter(resource -> resource.kind() == Kind.LEASE)
                        .toList();
        if (!orphaned.isEmpty()) {
            try {
                disposals.addAll(leases.revoke(job, orphaned));
            } catch (FaultException e) {
                LOG.warn("Leases of job={} could not be revoked: {}", job, e.getMessage());
            }
        }
        return disposals;
    }

    /** Silence proves nothing: what was intended and not spoken of counts as left. */
    private static List<Disposal> unmentioned(
            List<OwnedResource> intended, List<Disposal> disposals) {
        Set<OwnedResource> mentioned =
                disposals.stream().map(Disposal::resource).collect(Collectors.toSet());
        return intended.stream()
                .filter(resource -> !mentioned.contains(resource))
                .map(resource -> new Disposal(resource, false, "nobody said what became of it"))
                .toList();
    }

    private void close(Receipt receipt) {
        if (receipt.clean()) {
            remainders.remove(receipt.job());
        } else {
            LOG.warn("Not everything of job={} is gone: {}", receipt.job(), left(receipt));
        }
        try {
            journal.close(receipt);
        } catch (StateException e) {
            LOG.error("The journal is lost, the receipt of job={} is not in it", receipt.job(), e);
        }
    }

    private static List<Disposal> left(Receipt receipt) {
        return receipt.disposals().stream().filter(disposal -> !disposal.verified()).toList();
    }

    // -- the leftovers of dead lives

    private Set<JobId> journaled(List<String> incomplete) {
        try {
            // Looked at before asking who lives: a life that begins meanwhile is not dead.
            List<Journal.OpenJob> open = journal.open();
            Set<LifeId> living = lives.living();
            return open.stream()
                    .filter(job -> !living.contains(job.life()))
                    .map(Journal.OpenJob::job)
                    .collect(Collectors.toCollection(LinkedHashSet::new));
        } catch (StateException e) {
            LOG.error("The journal cannot be read, labels have to do", e);
            incomplete.add("the journal cannot be read: " + e.getMessage());
            return Set.of();
        }
    }

    private Set<JobId> recorded(List<String> incomplete) {
        try {
            return records.recover(lives::living);
        } catch (StateException e) {
            LOG.error("The queue cannot be read", e);
            incomplete.add("the queue cannot be read: " + e.getMessage());
            return Set.of();
        }
    }

    private Set<JobId> labelled(List<String> incomplete) throws InterruptedException {
        try {
            Set<JobId> first = abandoned(incomplete);
            if (first.isEmpty()) {
                return first;
            }
            // A life may have begun between the question who lives and the engine's answer. What is
            // abandoned in both of two looks is older than the second question.
            Set<JobId> both = new LinkedHashSet<>(first);
            both.retainAll(abandoned(incomplete));
            return both;
        } catch (FaultException e) {
            LOG.warn("The engine cannot be asked for leftovers: {}", e.getMessage());
            incomplete.add("the engine cannot be asked for leftovers: " + e.getMessage());
            return Set.of();
        }
    }

    /** Of several engines those that answer are believed. */
    private Set<JobId> abandoned(List<String> incomplete) throws InterruptedException {
        Leftovers leftovers = backend.abandoned(lives.living());
        for (String silence : leftovers.unseen()) {
            String reason = "an engine cannot be asked for leftovers: " + silence;
            if (!incomplete.contains(reason)) {
                incomplete.add(reason);
            }
        }
        return leftovers.jobs();
    }

    private Set<JobId> due() {
        Instant now = clock.instant();
        return remainders.entrySet().stream()
                .filter(entry -> !entry.getValue().due().isAfter(now))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private Receipt destroyPatiently(JobId job) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            beat = System.nanoTime();
            Receipt receipt = destroy(job, null);
            records.released(receipt);
            if (receipt.clean() || attempt == ATTEMPTS) {
                return receipt;
            }
            Thread.sleep(pause(attempt));
        }
    }

    private Duration pause(int attempts) {
        Duration pause = firstPause.multipliedBy(1L << Math.min(attempts - 1, 20));
        return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }

    private void sweepForever(Duration every) {
        while (true) {
            try {
                beat = System.nanoTime();
                Thread.sleep(every);
                sweep();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                // The root of a thread that must go on whatever happens.
                LOG.error("A sweep failed, the next one tries again", e);
            }
        }
    }
}
