package dev.mayfly.bootstrap;

import dev.mayfly.artifacts.CacheBounds;
import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.artifacts.LocalCaches;
import dev.mayfly.artifacts.s3.S3Caches;
import dev.mayfly.artifacts.s3.S3Settings;
import dev.mayfly.config.ExchangeSettings;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.job.PoolName;
import dev.mayfly.source.gitlab.ServerAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** What the configuration says of caches, as the place where they are. */
final class CacheParts {

    private CacheParts() {}

    /**
     * The place; nothing in it is looked at yet.
     *
     * @param spool directory for caches on their way to a job
     */
    static CacheStore of(MayflySettings settings, Path spool) {
        ExchangeSettings.Cache cache = settings.exchange().cache();
        if (cache == null) {
            return CacheStore.NONE;
        }
        CacheBounds bounds = new CacheBounds(cache.poolBytes(), cache.entryBytes(), cache.unused());
        return switch (cache.place()) {
            case ExchangeSettings.Place.Directory(var path) ->
                    new LocalCaches(path, bounds, InstantSource.system());
            case ExchangeSettings.Place.Bucket bucket ->
                    new S3Caches(
                            s3(bucket), bounds, spool, InstantSource.system(), owners(settings));
        };
    }

    private static S3Settings s3(ExchangeSettings.Place.Bucket bucket) {
        ExchangeSettings.Server server = bucket.server();
        ExchangeSettings.Keys keys = bucket.keys();
        return new S3Settings(
                new S3Settings.Place(
                        server.endpoint(),
                        server.region(),
                        bucket.name(),
                        bucket.prefix(),
                        server.pathStyle()),
                keys == null
                        ? new S3Settings.Access.AwsChain()
                        : new S3Settings.Access.KeyFiles(
                                keys.access(), keys.secret(), keys.sessionToken()),
                server.authorities(),
                server.timeout());
    }

    /**
     * What a host calls its runners is its own affair: two may have the same name for runners of
     * different servers. Nor is a pool for protected runners only what one of the same name for all
     * is.
     */
    static Function<CacheScope, String> owners(MayflySettings settings) {
        Map<String, String> servers = new HashMap<>();
        for (GitLabSettings runner : settings.gitlab()) {
            servers.put(runner.name(), ServerAddress.of(runner.url()).toString());
        }
        Set<PoolName> guarded = new HashSet<>();
        settings.pools().stream()
                .filter(PoolSettings::protectedOnly)
                .forEach(pool -> guarded.add(pool.terms().pool()));
        return scope ->
                String.join(
                        "\u0000",
                        guarded.contains(scope.pool()) ? "protected" : "open",
                        servers.getOrDefault(scope.source(), scope.source()),
                        scope.project());
    }
}
