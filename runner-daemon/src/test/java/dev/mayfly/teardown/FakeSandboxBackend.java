package dev.mayfly.teardown;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.SandboxSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An engine in memory: things with labels, and faults by name. */
final class FakeSandboxBackend implements SandboxBackend {

    /** What can go wrong. */
    enum EngineFault {
        /** Nothing is answered. */
        DOWN,
        /** Removal is accepted and nothing goes away. */
        STUBBORN,
        /** Destroying says nothing of what only the journal knows. */
        SILENT
    }

    private record Thing(JobId job, LifeId life, OwnedResource resource) {}

    private final Journal journal;
    private final List<Thing> things = new ArrayList<>();
    private final Set<EngineFault> faults = new HashSet<>();
    private Runnable onDestroy = () -> {};
    private Runnable onAbandoned = () -> {};
    private int destroyed;

    FakeSandboxBackend(Journal journal) {
        this.journal = journal;
    }

    synchronized void put(JobId job, LifeId life, String name) {
        things.add(new Thing(job, life, new OwnedResource(OwnedResource.Kind.CONTAINER, name)));
    }

    synchronized void set(EngineFault fault) {
        faults.add(fault);
    }

    synchronized void heal() {
        faults.clear();
    }

    void beforeDestroy(Runnable action) {
        onDestroy = action;
    }

    /** Between the caller's question who lives and the answer. */
    void beforeAbandoned(Runnable action) {
        onAbandoned = action;
    }

    synchronized List<String> names() {
        return things.stream().map(thing -> thing.resource().name()).toList();
    }

    synchronized int destroyed() {
        return destroyed;
    }

    @Override
    public Sandbox create(SandboxSpec spec, Notices notices) {
        throw new AssertionError("teardown creates nothing");
    }

    @Override
    public List<Receipt.Disposal> destroy(JobId job) {
        onDestroy.run();
        synchronized (this) {
            destroyed++;
            answer();
            Set<OwnedResource> all = new LinkedHashSet<>();
            for (Thing thing : things) {
                if (thing.job().equals(job)) {
                    all.add(thing.resource());
                }
            }
            if (!faults.contains(EngineFault.SILENT)) {
                journal.intended(job).stream()
                        .filter(resource -> resource.kind() != OwnedResource.Kind.LEASE)
                        .forEach(all::add);
            }
            if (!faults.contains(EngineFault.STUBBORN)) {
                things.removeIf(thing -> thing.job().equals(job));
            }
            return all.stream()
                    .map(resource -> {
                        boolean gone =
                                things.stream()
                                        .noneMatch(thing -> thing.resource().equals(resource));
                        return new Receipt.Disposal(
                                resource, gone, gone ? "not there" : "still there");
                    })
                    .toList();
        }
    }

    @Override
    public Leftovers abandoned(Set<LifeId> living) {
        onAbandoned.run();
        synchronized (this) {
            answer();
            Set<JobId> jobs = new LinkedHashSet<>();
            for (Thing thing : things) {
                if (!living.contains(thing.life())) {
                    jobs.add(thing.job());
                }
            }
            return new Leftovers(jobs, List.of());
        }
    }

    @Override
    public synchronized Optional<String> unhealthyBecause(PoolName pool) {
        return faults.contains(EngineFault.DOWN) ? Optional.of("down") : Optional.empty();
    }

    private void answer() {
        if (faults.contains(EngineFault.DOWN)) {
            throw new FaultException(Fault.ENGINE, "the engine does not answer");
        }
    }
}
