package dev.mayfly.sandbox.docker;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.Barrier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** What a person wants to know about an engine before trusting jobs to it. */
public sealed interface EngineReport {

    /**
     * The engine did not answer.
     *
     * @param reason the cause and the cure
     */
    record Unreachable(String reason) implements EngineReport {}

    /**
     * The engine answered.
     *
     * @param facts what it says of itself
     * @param agentImagePresent whether the image that every job needs is there
     * @param freeBytes what is free where it keeps things, empty if that is not on this host
     * @param lacks by pool, why it cannot run the pool's jobs as it should
     */
    record Reachable(
            EngineFacts facts,
            boolean agentImagePresent,
            OptionalLong freeBytes,
            Map<PoolName, String> lacks)
            implements EngineReport {
        public Reachable {
            lacks = Map.copyOf(lacks);
        }
    }

    /** Asks an engine. Never throws for its state: that is what the report is about. */
    static EngineReport of(
            DockerEngine engine, DockerSettings settings, Map<PoolName, Barrier> barriers)
            throws InterruptedException {
        try {
            EngineFacts facts = EngineFacts.of(engine);
            EngineFitness fitness = new EngineFitness(engine, settings.withoutLimits(), barriers);
            Map<PoolName, String> lacks = new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
            barriers.forEach((pool, barrier) ->
                    fitness.lack(facts, pool, barrier).ifPresent(lack -> lacks.put(pool, lack)));
            return new Reachable(
                    facts,
                    EngineImages.has(engine, settings.agentImage()),
                    "unix".equals(engine.host().getScheme())
                            ? free(Path.of(facts.storage().root()))
                            : OptionalLong.empty(),
                    lacks);
        } catch (FaultException e) {
            return new Unreachable(String.valueOf(e.getMessage()));
        }
    }

    private static OptionalLong free(Path root) {
        try {
            return Files.isDirectory(root)
                    ? OptionalLong.of(Files.getFileStore(root).getUsableSpace())
                    : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
