package dev.mayfly.execution;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.teardown.Journal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An engine in memory. What happens in it is written into the history; rules make it fail. */
final class FakeEngine implements SandboxBackend {

    /** What happens while a sandbox is made, beside its making. */
    interface Making {
        void run(Notices notices) throws InterruptedException;
    }

    /** What a step does. */
    interface Doing {
        StepEnd run(Step step, Sandbox.Output output, Duration limit, Cancellation cancellation)
                throws InterruptedException;
    }

    private final List<String> history;
    private final Journal journal;
    private final Set<JobId> living = ConcurrentHashMap.newKeySet();
    private final Map<String, Doing> rules = new HashMap<>();
    private Making making = _ -> {};
    final List<SandboxSpec> made = new CopyOnWriteArrayList<>();
    final List<Step> steps = new CopyOnWriteArrayList<>();
    final AtomicInteger stubborn = new AtomicInteger();
    volatile String illness = "";
    volatile @Nullable Outcome ended;
    final AtomicInteger healthAsked = new AtomicInteger();

    FakeEngine(List<String> history, Journal journal) {
        this.history = history;
        this.journal = journal;
    }

    void whileMaking(Making rule) {
        making = rule;
    }

    void step(String name, Doing rule) {
        rules.put(name, rule);
    }

    void step(String name, StepEnd end) {
        step(name, (_, _, _, _) -> end);
    }

    Step ran(String name) {
        return steps.stream().filter(step -> step.name().equals(name)).findFirst().orElseThrow();
    }

    boolean holds(JobId job) {
        return living.contains(job);
    }

    @Override
    public Sandbox create(SandboxSpec spec, Notices notices) throws InterruptedException {
        history.add("create");
        made.add(spec);
        journal.intend(spec.job(), container(spec.job()));
        living.add(spec.job());
        making.run(notices);
        return new FakeSandbox();
    }

    @Override
    public List<Receipt.Disposal> destroy(JobId job) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("teardown was interrupted");
        }
        history.add("destroy");
        boolean stays = stubborn.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
        if (!stays) {
            living.remove(job);
        }
        List<Receipt.Disposal> disposals = new ArrayList<>();
        for (OwnedResource resource : journal.intended(job)) {
            disposals.add(new Receipt.Disposal(resource, !stays, stays ? "still there" : "gone"));
        }
        return disposals;
    }

    @Override
    public Leftovers abandoned(Set<LifeId> lives) {
        return new Leftovers(Set.of(), List.of());
    }

    @Override
    public Optional<String> unhealthyBecause(PoolName pool) {
        healthAsked.incrementAndGet();
        return illness.isEmpty() ? Optional.empty() : Optional.of(illness);
    }

    private static OwnedResource container(JobId job) {
        return new OwnedResource(OwnedResource.Kind.CONTAINER, "mayfly-" + job);
    }

    private final class FakeSandbox implements Sandbox {
        @Override
        public StepEnd run(Step step, Output output, Duration limit, Cancellation cancellation)
                throws InterruptedException {
            history.add("step " + step.name());
            steps.add(step);
            return rules.getOrDefault(step.name(), (_, _, _, _) -> new StepEnd.Exited(0))
                    .run(step, output, limit, cancellation);
        }

        @Override
        public Optional<Outcome> ended() {
            return Optional.ofNullable(ended);
        }

        @Override
        public void endCheckout() {
            history.add("end checkout");
        }

        @Override
        public void seal() {
            history.add("seal");
        }
    }
}
