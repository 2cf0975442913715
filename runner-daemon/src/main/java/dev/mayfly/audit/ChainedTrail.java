package dev.mayfly.audit;

import dev.mayfly.job.LifeId;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trail in files. One thread writes what others record, as much at a time as there is, and
 * forces it to the disk. While that fails, events wait, and {@link #unhealthyBecause()} says so;
 * what finds no place any more is counted, and the chain says so when it goes on.
 */
public final class ChainedTrail implements AuditTrail, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ChainedTrail.class);

    private static final int MOST_AT_ONCE = 1024;
    private static final Duration QUIET = Duration.ofMinutes(1);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration CLOSING = Duration.ofSeconds(20);

    private final Chain chain;
    private final LifeId life;
    private final Supplier<String> policy;
    private final InstantSource clock;

    /** Empty for the end. */
    private final BlockingQueue<Optional<AuditLine.Draft>> waiting;

    private final Duration patience;

    private final AtomicLong lost = new AtomicLong();
    private final Thread writer;
    private volatile boolean closing;
    private volatile String unhealthy = "";

    /**
     * How much may wait.
     *
     * @param events that are not written yet
     * @param patience how long somebody who has another one waits for a place
     */
    record Room(int events, Duration patience) {

        static final Room USUAL = new Room(8192, Duration.ofSeconds(2));
    }

    private ChainedTrail(
            Chain chain, Room room, LifeId life, Supplier<String> policy, InstantSource clock) {
        this.chain = chain;
        waiting = new ArrayBlockingQueue<>(room.events());
        patience = room.patience();
        this.life = life;
        this.policy = policy;
        this.clock = clock;
        writer = Thread.ofPlatform().daemon().name("audit").start(this::writeForever);
    }

    /**
     * Opens the trail.
     *
     * @param life of this process
     * @param policy digest of the policy that counts, asked for each event; must answer at once
     * @throws IOException naming the file and the cure
     */
    public static ChainedTrail open(
            TrailSettings settings, LifeId life, Supplier<String> policy, InstantSource clock)
            throws IOException {
        return open(settings, Room.USUAL, life, policy, clock);
    }

    static ChainedTrail open(
            TrailSettings settings,
            Room room,
            LifeId life,
            Supplier<String> policy,
            InstantSource clock)
            throws IOException {
        return new ChainedTrail(Chain.open(settings), room, life, policy, clock);
    }

    @Override
    public void record(AuditEvent event) {
        Optional<AuditLine.Draft> draft = Optional.of(draft(event));
        boolean interrupted = Thread.interrupted();
        try {
            if (!waiting.offer(draft, patience.toMillis(), TimeUnit.MILLISECONDS)) {
                lost.incrementAndGet();
            }
        } catch (InterruptedException e) {
            interrupted = true;
            if (!waiting.offer(draft)) {
                lost.incrementAndGet();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public String unhealthyBecause() {
        return unhealthy;
    }

    /** Events that wait to be written. */
    public int waiting() {
        return waiting.size();
    }

    /** Events that could not be written and are not said to be lost in the trail yet. */
    public long lost() {
        return lost.get();
    }

    /** Writes what waits, signs it, and ends; bounded in time. */
    @Override
    public void close() {
        closing = true;
        waiting.offer(Optional.empty()); // one that is full is looked at anyway
        boolean interrupted = Thread.interrupted();
        try {
            if (!writer.join(CLOSING)) {
                LOG.error("the audit trail could not be completed because={}", unhealthy);
                writer.interrupt();
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void writeForever() {
        List<AuditLine.Draft> group = new ArrayList<>();
        try {
            while (!closing || !waiting.isEmpty() || !group.isEmpty()) {
                if (group.isEmpty() && !gather(group)) {
                    seal();
                }
                if (!group.isEmpty() && !written(group)) {
                    Thread.sleep(RETRY);
                }
            }
            seal();
        } catch (InterruptedException e) {
            LOG.error("the audit trail is incomplete events={}", group.size() + waiting.size());
        }
    }

    /** Whether anything came within the time after which what there is gets signed. */
    private boolean gather(List<AuditLine.Draft> group) throws InterruptedException {
        Optional<AuditLine.Draft> first = waiting.poll(QUIET.toMillis(), TimeUnit.MILLISECONDS);
        if (first == null) {
            return false;
        }
        List<Optional<AuditLine.Draft>> more = new ArrayList<>(List.of(first));
        waiting.drainTo(more, MOST_AT_ONCE);
        more.forEach(one -> one.ifPresent(group::add));
        return true;
    }

    private boolean written(List<AuditLine.Draft> group) throws InterruptedException {
        long missing = lost.get();
        try {
            if (missing > 0) {
                group.addFirst(draft(new AuditEvent.Lost(missing, unhealthy)));
            }
            chain.append(group);
            lost.addAndGet(-missing);
            if (!unhealthy.isEmpty()) {
                LOG.info("the audit trail goes on lost={}", missing);
                unhealthy = "";
            }
            group.clear();
            return true;
        } catch (IOException | RuntimeException e) {
            if (missing > 0) {
                group.removeFirst();
            }
            String because = "the audit trail cannot be written: " + e;
            if (!because.equals(unhealthy)) {
                LOG.error("the audit trail cannot be written, no job is taken until it can", e);
                unhealthy = because;
            }
            return false;
        }
    }

    private void seal() throws InterruptedException {
        if (!chain.unsigned()) {
            return;
        }
        try {
            chain.seal(stamp());
        } catch (IOException | RuntimeException e) {
            LOG.error("the end of the audit trail could not be signed", e);
        }
    }

    private AuditLine.Draft draft(AuditEvent event) {
        return new AuditLine.Draft(stamp(), event);
    }

    private AuditLine.Stamp stamp() {
        return new AuditLine.Stamp(clock.instant(), life, policy.get());
    }
}
