package dev.mayfly.execution;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
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

/** A queue in memory that counts how often it was asked. */
final class FakeSource implements JobSource {

    private final BlockingQueue<Claim> waiting = new LinkedBlockingQueue<>();
    final Map<JobId, RecordingReport> reports = new ConcurrentHashMap<>();
    final AtomicInteger asked = new AtomicInteger();
    final AtomicInteger asking = new AtomicInteger();
    final AtomicInteger failures = new AtomicInteger();
    volatile boolean reportsFail;

    void add(Claim claim) {
        waiting.add(claim);
    }

    @Override
    public String name() {
        return "local";
    }

    @Override
    public Optional<Claim> claim(PoolName pool, Duration wait) throws InterruptedException {
        asked.incrementAndGet();
        if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
            throw new IllegalStateException("the source has a bad day");
        }
        asking.incrementAndGet();
        try {
            return Optional.ofNullable(waiting.poll(wait.toMillis(), TimeUnit.MILLISECONDS));
        } finally {
            asking.decrementAndGet();
        }
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
