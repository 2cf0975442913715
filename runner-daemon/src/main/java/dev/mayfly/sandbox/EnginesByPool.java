package dev.mayfly.sandbox;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt.Disposal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Several engines as one: each pool's jobs run on its own. Teardown asks those engines on which
 * something of a job may be, so that one which is down keeps nobody else waiting.
 */
public final class EnginesByPool implements SandboxBackend {

    private final Map<PoolName, EngineName> pools;
    private final Map<EngineName, SandboxBackend> engines;
    private final Whereabouts whereabouts;

    /** Where something was found that nobody remembers. */
    private final Map<JobId, Set<EngineName>> found = new ConcurrentHashMap<>();

    /**
     * Composes; calls nobody.
     *
     * @param pools which engine each pool's jobs run on
     * @param engines those, and those on which something may be left of jobs of former pools
     */
    public EnginesByPool(
            Map<PoolName, EngineName> pools,
            Map<EngineName, SandboxBackend> engines,
            Whereabouts whereabouts) {
        this.pools = Map.copyOf(pools);
        this.engines = Map.copyOf(engines);
        this.whereabouts = whereabouts;
    }

    @Override
    public Sandbox create(SandboxSpec spec, Notices notices) throws InterruptedException {
        return engineOf(spec.pool()).create(spec, notices);
    }

    @Override
    public Optional<String> unhealthyBecause(PoolName pool) throws InterruptedException {
        return engineOf(pool).unhealthyBecause(pool);
    }

    private SandboxBackend engineOf(PoolName pool) {
        EngineName engine = pools.get(pool);
        SandboxBackend backend = engine == null ? null : engines.get(engine);
        if (backend == null) {
            throw new IllegalArgumentException("there is no engine for pool " + pool);
        }
        return backend;
    }

    @Override
    public List<Disposal> destroy(JobId job) throws InterruptedException {
        List<Disposal> disposals = new ArrayList<>();
        for (EngineName engine : engines(job)) {
            disposals.addAll(destroy(job, engine));
        }
        if (disposals.stream().allMatch(Disposal::verified)) {
            found.remove(job);
        }
        return disposals;
    }

    private Set<EngineName> engines(JobId job) {
        if (engines.size() == 1) {
            return engines.keySet();
        }
        Set<EngineName> seen = found.getOrDefault(job, Set.of());
        Set<EngineName> known = new LinkedHashSet<>(whereabouts.of(job).orElse(engines.keySet()));
        known.addAll(seen);
        return known;
    }

    private List<Disposal> destroy(JobId job, EngineName name) throws InterruptedException {
        SandboxBackend engine = engines.get(name);
        try {
            return engine == null
                    ? List.of(left(job, name, "no pool uses that engine any more"))
                    : engine.destroy(job);
        } catch (FaultException e) {
            return List.of(left(job, name, String.valueOf(e.getMessage())));
        }
    }

    private static Disposal left(JobId job, EngineName engine, String why) {
        return new Disposal(
                new OwnedResource(
                        OwnedResource.Kind.CONTAINER,
                        "everything labelled %s on %s".formatted(job, engine)),
                false,
                "the engine did not do it: " + why);
    }

    @Override
    public Leftovers abandoned(Set<LifeId> living) throws InterruptedException {
        Set<JobId> jobs = new HashSet<>();
        List<String> unseen = new ArrayList<>();
        for (Map.Entry<EngineName, SandboxBackend> engine : engines.entrySet()) {
            try {
                Leftovers leftovers = engine.getValue().abandoned(living);
                unseen.addAll(leftovers.unseen());
                for (JobId job : leftovers.jobs()) {
                    jobs.add(job);
                    found.computeIfAbsent(job, _ -> ConcurrentHashMap.newKeySet())
                            .add(engine.getKey());
                }
            } catch (FaultException e) {
                unseen.add(String.valueOf(e.getMessage()));
            }
        }
        return new Leftovers(jobs, unseen);
    }
}
