package dev.mayfly.execution;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.pool.SlotPool;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.JobSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A queue in memory that notes each time it is asked by somebody who must not ask. */
final class FakeSource implements JobSource {

    private final BlockingQueue<Claim> waiting = new LinkedBlockingQueue<>();
    final Map<JobId, RecordingReport> reports = new ConcurrentHashMap<>();
    private final Supplier<String> illness;
    private final SlotPool slots;
    private final AtomicInteger handedOut = new AtomicInteger();
    final List<String> wrongs = new CopyOnWriteArrayList<>();
    final AtomicInteger asking = new AtomicInteger();
    final AtomicInteger questions = new AtomicInteger();
    final AtomicInteger rests = new AtomicInteger();
    final AtomicInteger failures = new AtomicInteger();
    volatile boolean reportsFail;

    /**
     * An empty queue.
     *
     * @param illness why nobody may ask now; empty when somebody may
     * @param slots one of which who asks must hold
     */
    FakeSource(Supplier<String> illness, SlotPool slots) {
        this.illness = illness;
        this.slots = slots;
    }

    void add(Claim claim) {
        waiting.add(claim);
    }

    @Override
    public String name() {
        return "local";
    }

    @Override
    public Optional<Claim> claim(PoolName pool, Duration wait) throws InterruptedException {
        if (!illness.get().isEmpty()) {
            wrongs.add("asked although " + illness.get());
        }
        int running = handedOut.get() - outcomes().size();
        // A job whose report failed has no outcome, and its slot is in quarantine for good.
        SlotPool.Occupancy now = slots.occupancy();
        if (now.used() + now.quarantined() < running + 1) {
            wrongs.add("asked without a slot beside " + running + " running jobs");
        }
        if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
            throw new IllegalStateException("the source has a bad day");
        }
        questions.incrementAndGet();
        asking.incrementAndGet();
        try {
            Claim claim = waiting.poll(wait.toMillis(), TimeUnit.MILLISECONDS);
            if (claim != null) {
                handedOut.incrementAndGet();
            }
            return Optional.ofNullable(claim);
        } finally {
            asking.decrementAndGet();
        }
    }

    @Override
    public void rest() {
        rests.incrementAndGet();
    }

    @Override
    public JobReport report(Claim claim) {
        if (reportsFail) {
            throw new IllegalStateException("the source has forgotten the job");
        }
        return reports.computeIfAbsent(
                claim.job(), _ -> new RecordingReport(new CopyOnWriteArrayList<>()));
    }

    List<String> outcomes() {
        return reports.values().stream()
                .flatMap(report -> report.outcomes.stream())
                .map(outcome -> outcome.word())
                .toList();
    }
}
