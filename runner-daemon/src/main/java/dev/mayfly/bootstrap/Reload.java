package dev.mayfly.bootstrap;

import dev.mayfly.config.LoadedConfiguration;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * What becomes of a changed configuration while the daemon runs. A pool changes as a whole: if one
 * of its changes needs a restart, the others wait for it too.
 *
 * @param settings those to go on with
 * @param live the keys that apply to the next job of their pool
 * @param waiting the keys that apply after a restart
 */
record Reload(MayflySettings settings, NavigableSet<String> live, NavigableSet<String> waiting) {

    /** Of a pool; what is not here is used when the daemon's parts are put together. */
    private static final Set<String> LIVE =
            Set.of(
                    "network",
                    "egress",
                    "user",
                    "image",
                    "registry_logins",
                    "images",
                    "allowed_images",
                    "allowed_services",
                    "allowed_pull_policies",
                    "pull_policy",
                    "timeout",
                    "memory",
                    "cpus",
                    "pids",
                    "open_files",
                    "tmp",
                    "disk",
                    "files",
                    "read_only_root",
                    "seccomp_profile",
                    "log_limit",
                    "policy");

    private static final String POOLS = "pools.";

    /** Pools take their defaults from these, which need a restart. */
    private static final List<String> UNDER_POOLS = List.of("agent.", "engine.");

    /**
     * Compares two readings of one file.
     *
     * @param running the one that the parts were put together with
     * @param current what applies now, which earlier reloads may have changed
     * @param now the newest one
     */
    static Reload of(LoadedConfiguration running, MayflySettings current, LoadedConfiguration now) {
        NavigableSet<String> changed = running.changedTo(now);
        Map<String, List<String>> byPool = new HashMap<>();
        NavigableSet<String> waiting = new TreeSet<>();
        for (String key : changed) {
            List<String> steps = List.of(key.split("\\.", 4));
            if (key.startsWith(POOLS) && steps.size() >= 3) {
                byPool.computeIfAbsent(steps.get(1), _ -> new ArrayList<>()).add(key);
            } else {
                waiting.add(key);
            }
        }
        boolean sameDefaults =
                changed.stream().noneMatch(key -> UNDER_POOLS.stream().anyMatch(key::startsWith));
        Map<String, PoolSettings> fresh = byName(now.settings());
        // Containers end themselves some time after the longest job that was known at the start.
        Duration longest = longest(running.settings());
        NavigableSet<String> live = new TreeSet<>();
        List<PoolSettings> pools = new ArrayList<>();
        for (PoolSettings pool : current.pools()) {
            String name = pool.terms().pool().value();
            List<String> keys = byPool.getOrDefault(name, List.of());
            PoolSettings next = fresh.get(name);
            if (next != null
                    && sameDefaults
                    && keys.stream().allMatch(Reload::isLive)
                    && next.terms().timeout().compareTo(longest) <= 0) {
                live.addAll(keys);
                pools.add(next);
            } else {
                waiting.addAll(keys);
                pools.add(pool);
            }
        }
        // Those of pools that are new.
        byPool.values()
                .forEach(
                        keys -> keys.stream().filter(k -> !live.contains(k)).forEach(waiting::add));
        return new Reload(current.withPools(pools), live, waiting);
    }

    private static boolean isLive(String key) {
        return LIVE.contains(key.split("\\.", 4)[2]);
    }

    private static Duration longest(MayflySettings settings) {
        return settings.pools().stream()
                .map(pool -> pool.terms().timeout())
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    private static Map<String, PoolSettings> byName(MayflySettings settings) {
        Map<String, PoolSettings> byName = new HashMap<>();
        settings.pools().forEach(pool -> byName.put(pool.terms().pool().value(), pool));
        return byName;
    }
}
