package dev.mayfly.execution;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.teardown.Journal;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A journal in memory, which forgets over a crash and may be full. */
final class MemoryJournal implements Journal {

    private final List<String> history;
    private final Map<JobId, Set<OwnedResource>> jobs = new LinkedHashMap<>();
    private final Map<JobId, Set<UsedImage>> images = new LinkedHashMap<>();
    volatile boolean full;

    MemoryJournal(List<String> history) {
        this.history = history;
    }

    @Override
    public synchronized void begin(JobId job, LifeId life) {
        history.add("journal");
        if (full) {
            throw new IllegalStateException("the disk is full");
        }
        jobs.put(job, new LinkedHashSet<>());
    }

    @Override
    public synchronized void intend(JobId job, OwnedResource resource) {
        Set<OwnedResource> resources = jobs.get(job);
        if (resources == null) {
            throw new IllegalStateException("job " + job + " was not begun");
        }
        resources.add(resource);
    }

    @Override
    public synchronized List<OwnedResource> intended(JobId job) {
        return List.copyOf(jobs.getOrDefault(job, Set.of()));
    }

    @Override
    public synchronized void used(JobId job, UsedImage image) {
        images.computeIfAbsent(job, _ -> new LinkedHashSet<>()).add(image);
    }

    @Override
    public synchronized List<UsedImage> images(JobId job) {
        return List.copyOf(images.getOrDefault(job, Set.of()));
    }

    @Override
    public synchronized void close(Receipt receipt) {
        if (receipt.clean()) {
            jobs.remove(receipt.job());
            images.remove(receipt.job());
        }
    }

    @Override
    public synchronized List<OpenJob> open() {
        return jobs.keySet().stream().map(job -> new OpenJob(job, Trial.LIFE)).toList();
    }
}
