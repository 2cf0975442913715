package dev.mayfly.bootstrap;

import dev.mayfly.job.PoolName;
import dev.mayfly.source.JobSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Whether what a daemon needs from others is there: engines, secrets, sources, and a place for the
 * audit trail. Safe for use by many threads.
 *
 * @param pools the most trusted first
 * @param audit why nothing can be written down; empty when it can
 * @param sources each once
 */
record Readiness(
        List<PoolName> pools,
        Trouble engines,
        Trouble secrets,
        Supplier<String> audit,
        List<JobSource> sources) {

    /** Why what a pool needs is not there; empty when it is. */
    @FunctionalInterface
    interface Trouble {
        String of(PoolName pool) throws InterruptedException;
    }

    Readiness {
        pools = List.copyOf(pools);
        sources = List.copyOf(sources);
    }

    /** Asks all of them; each reason names the pools or the source that it is about, if any. */
    List<String> reasons() {
        Map<String, List<PoolName>> ill = new LinkedHashMap<>();
        for (PoolName pool : pools) {
            note(ill, engines, pool);
            note(ill, secrets, pool);
        }
        List<String> reasons = new ArrayList<>();
        ill.forEach((reason, of) -> reasons.add(named(of) + ": " + reason));
        for (JobSource source : sources) {
            String reason = source.unhealthyBecause();
            if (!reason.isEmpty()) {
                reasons.add("source " + source.name() + ": " + reason);
            }
        }
        String forgetful = audit.get();
        if (!forgetful.isEmpty()) {
            reasons.add(forgetful);
        }
        return reasons;
    }

    private static void note(Map<String, List<PoolName>> ill, Trouble trouble, PoolName pool) {
        String reason;
        try {
            reason = trouble.of(pool);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reason = "the question was interrupted";
        }
        if (!reason.isEmpty()) {
            ill.computeIfAbsent(reason, _ -> new ArrayList<>()).add(pool);
        }
    }

    private static String named(List<PoolName> pools) {
        return (pools.size() == 1 ? "pool " : "pools ")
                + pools.stream().map(PoolName::value).collect(Collectors.joining(", "));
    }
}
