package dev.mayfly.job;

import java.util.List;

/**
 * What a job is brought from other jobs, and what of it is kept for them.
 *
 * @param project whose caches it shares, in the source's words; set by the source and not by the
 *     job's author
 * @param dependencies unpacked before the script, in order
 * @param caches looked for before the script and saved after it
 * @param artifacts kept after the script, in order
 * @param attempts how often what may be had later is tried
 */
public record Transfers(
        String project,
        List<Dependency> dependencies,
        List<CacheUse> caches,
        List<Artifact> artifacts,
        Attempts attempts) {

    public static final Transfers NONE = new Transfers("", List.of(), List.of(), List.of());

    public Transfers {
        dependencies = List.copyOf(dependencies);
        caches = List.copyOf(caches);
        artifacts = List.copyOf(artifacts);
    }

    /** What is tried once. */
    public Transfers(
            String project,
            List<Dependency> dependencies,
            List<CacheUse> caches,
            List<Artifact> artifacts) {
        this(project, dependencies, caches, artifacts, Attempts.ONE);
    }

    /**
     * How often something is tried, from 1.
     *
     * @param caches restoring a cache that is there
     * @param secrets asking a provider that cannot be reached, or fails
     */
    public record Attempts(int caches, int secrets) {

        /** Nothing is tried again. */
        public static final Attempts ONE = new Attempts(1, 1);
    }

    /** Whether something is unpacked before the script. */
    public boolean bring() {
        return !dependencies.isEmpty()
                || caches.stream().anyMatch(cache -> cache.direction().pulls());
    }

    /** Those artifacts that are kept after a job that has passed, or has not. */
    public List<Artifact> artifactsAfter(boolean passed) {
        return artifacts.stream().filter(one -> one.when().holds(passed)).toList();
    }

    /** Those caches that are saved after a job that has passed, or has not. */
    public List<CacheUse> cachesAfter(boolean passed) {
        return caches.stream()
                .filter(one -> one.direction().pushes() && one.when().holds(passed))
                .toList();
    }
}
