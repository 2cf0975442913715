package dev.mayfly.admission;

import dev.mayfly.job.Facts;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.WorkspaceSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Admits a job to the pool it asks for if its source may feed that pool and the job stays below the
 * pool's ceiling. A job is never moved to another pool and never trimmed: it is refused, with every
 * reason.
 */
public final class PoolAdmission implements AdmissionPolicy {

    private static final long MEBIBYTE = 1 << 20;

    private final Map<PoolName, PoolCeiling> pools = new LinkedHashMap<>();
    private final Map<String, SourceBinding> sources;

    /**
     * Sets the rules.
     *
     * @param pools the most trusted first, each name once
     * @param sources by the name of the source; each may feed pools of {@code pools} only
     */
    public PoolAdmission(List<PoolCeiling> pools, Map<String, SourceBinding> sources) {
        for (PoolCeiling pool : pools) {
            if (this.pools.put(pool.pool(), pool) != null) {
                throw new IllegalArgumentException("there are two pools named " + pool.pool());
            }
        }
        this.sources = Map.copyOf(sources);
        this.sources.forEach((name, source) -> {
            if (!this.pools.keySet().containsAll(source.feeds())) {
                throw new IllegalArgumentException(
                        "source " + name + " feeds a pool that does not exist: " + source.feeds());
            }
        });
    }

    @Override
    public Decision review(JobSpec spec, Facts facts) {
        return decision(facts.source(), spec);
    }

    private Decision decision(String source, JobSpec spec) {
        SourceBinding binding = sources.get(source);
        if (binding == null) {
            return refused(
                    "source "
                            + source
                            + " feeds no pool; name it under sources in the configuration");
        }
        PoolName asked = spec.pool() == null ? binding.defaultPool() : spec.pool();
        PoolCeiling ceiling = pools.get(asked);
        if (ceiling == null) {
            return refused("pool: there is no pool " + asked + "; pools: " + names(pools.keySet()));
        }
        if (!binding.feeds().contains(asked)) {
            return refused(
                    "pool: source %s may feed %s only, the job asks for %s; remove pool from the job, or add %s to sources.%s.feeds"
                            .formatted(source, names(binding.feeds()), asked, asked, source));
        }
        if (spec.inputs().workspace() instanceof WorkspaceSource.Git
                && ceiling.network() == NetworkAccess.NONE) {
            // The checkout would be the way out that the pool does not have.
            return refused(
                    "workspace.git.url: pool %s has no network to fetch it over; name a local repository, which is sent along, or a pool with network: full"
                            .formatted(asked));
        }
        List<String> excesses = excesses(spec, ceiling);
        List<Finding> images = ImageReview.of(spec.environment(), ceiling);
        List<String> reasons = new ArrayList<>();
        if (!excesses.isEmpty()) {
            reasons.add(
                    "the job asks for more than pool %s allows: %s; ask for less, or change what the pool allows"
                            .formatted(asked, String.join("; ", excesses)));
        }
        images.stream()
                .filter(Finding::counts)
                .forEach(one -> reasons.add(one.because() + " [rule " + one.rule() + "]"));
        Verdict verdict =
                reasons.isEmpty()
                        ? new Verdict.Admitted(asked)
                        : new Verdict.Refused(String.join("; ", reasons));
        return new Decision(verdict, "", images);
    }

    private static Decision refused(String reason) {
        return Decision.of(new Verdict.Refused(reason));
    }

    private static List<String> excesses(JobSpec spec, PoolCeiling ceiling) {
        ResourceRequest wanted = spec.environment().resources();
        NetworkAccess network = spec.environment().network();
        Duration timeout = spec.steps().timeout();
        return Stream.of(
                        excess("network", network, ceiling.network(), PoolAdmission::lowerCase),
                        excess("timeout", timeout, ceiling.timeout(), PoolAdmission::withUnits),
                        excess(
                                "resources.memory",
                                wanted.memoryBytes(),
                                ceiling.memoryBytes(),
                                PoolAdmission::mebibytes),
                        excess("resources.cpus", wanted.cpus(), ceiling.cpus(), String::valueOf),
                        excess("resources.pids", wanted.pids(), ceiling.pids(), String::valueOf),
                        excess(
                                "resources.disk",
                                wanted.diskBytes(),
                                ceiling.diskBytes(),
                                PoolAdmission::mebibytes))
                .flatMap(Optional::stream)
                .toList();
    }

    private static <T extends Comparable<? super T>> Optional<String> excess(
            String field, @Nullable T asked, T allowed, Function<T, String> inWords) {
        return asked == null || asked.compareTo(allowed) <= 0
                ? Optional.empty()
                : Optional.of(
                        "%s is %s, the most is %s"
                                .formatted(field, inWords.apply(asked), inWords.apply(allowed)));
    }

    private static String lowerCase(NetworkAccess network) {
        return network.name().toLowerCase(Locale.ROOT);
    }

    private static String withUnits(Duration timeout) {
        return timeout.toSecondsPart() == 0 ? timeout.toMinutes() + "m" : timeout.toSeconds() + "s";
    }

    private static String mebibytes(long bytes) {
        return bytes % MEBIBYTE == 0 ? bytes / MEBIBYTE + "MiB" : bytes + " bytes";
    }

    private static String names(Collection<PoolName> pools) {
        return pools.stream().map(PoolName::value).collect(Collectors.joining(", "));
    }
}
