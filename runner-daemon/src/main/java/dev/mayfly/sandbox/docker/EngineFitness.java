package dev.mayfly.sandbox.docker;

import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.Barrier;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether an engine has what the pools on it demand. */
final class EngineFitness {

    /** An engine changes when it is restarted; it is asked before every job. */
    private static final Duration KNOWN_FOR = Duration.ofSeconds(10);

    private final DockerEngine engine;
    private final boolean withoutLimits;
    private final Map<PoolName, Barrier> barriers;
    private volatile @Nullable Known known;

    private record Known(EngineFacts facts, long atNanos) {}

    EngineFitness(DockerEngine engine, boolean withoutLimits, Map<PoolName, Barrier> barriers) {
        this.engine = engine;
        this.withoutLimits = withoutLimits;
        this.barriers = Map.copyOf(barriers);
    }

    /**
     * What the engine lacks for a pool's jobs, with the cure.
     *
     * @throws dev.mayfly.job.FaultException {@code ENGINE} when it does not answer
     */
    Optional<String> lack(PoolName pool) throws InterruptedException {
        Barrier barrier = barriers.getOrDefault(pool, Barrier.OF_ENGINE);
        return lack(facts(), pool, barrier);
    }

    /** What these facts lack for a pool's jobs. */
    Optional<String> lack(EngineFacts facts, PoolName pool, Barrier barrier) {
        EngineFacts.Runtimes runtimes = facts.software().runtimes();
        if (!runtimes.include(barrier.runtime())) {
            return Optional.of(
                    ("pool %s wants the runtime %s, and the engine at %s has %s; install it and name"
                                    + " it in \"runtimes\" of the engine's daemon.json, or change"
                                    + " runtime of the pool")
                            .formatted(
                                    pool,
                                    barrier.runtime(),
                                    engine.host(),
                                    String.join(", ", runtimes.names())));
        }
        if (barrier.userNamespace() && !facts.isolation().rootIsNobody()) {
            return Optional.of(
                    ("pool %s wants user namespaces, and root in a container is root of the host of"
                                    + " the engine at %s; set \"userns-remap\": \"default\" in its"
                                    + " daemon.json, or give the pool a rootless engine")
                            .formatted(pool, engine.host()));
        }
        if (!barrier.appArmorProfile().isEmpty() && !facts.isolation().appArmor()) {
            return Optional.of(
                    ("pool %s wants the AppArmor profile %s, and the engine at %s applies none; use"
                                    + " a kernel with AppArmor, or remove apparmor_profile from the"
                                    + " pool")
                            .formatted(pool, barrier.appArmorProfile(), engine.host()));
        }
        if (!withoutLimits && !facts.limits().missing().isEmpty()) {
            return Optional.of(missingLimits(facts));
        }
        return Optional.empty();
    }

    private String missingLimits(EngineFacts facts) {
        return ("the engine at %s cannot limit %s of a container, so one job could take all of its"
                        + " host; use cgroup version 2 with these controllers delegated, or an"
                        + " engine that is not rootless, or set allow_no_limits: true for the"
                        + " engine")
                .formatted(engine.host(), String.join(", ", facts.limits().missing()));
    }

    private EngineFacts facts() throws InterruptedException {
        Known before = known;
        if (before != null && System.nanoTime() - before.atNanos() < KNOWN_FOR.toNanos()) {
            return before.facts();
        }
        EngineFacts facts = EngineFacts.of(engine);
        known = new Known(facts, System.nanoTime());
        return facts;
    }
}
