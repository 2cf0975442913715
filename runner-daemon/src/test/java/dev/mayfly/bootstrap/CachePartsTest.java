package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.artifacts.LocalCaches;
import dev.mayfly.artifacts.s3.S3Caches;
import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.job.PoolName;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CachePartsTest {

    private static MayflySettings settings(String text) {
        return ConfigLoader.parse(
                Path.of("/etc/mayfly.yaml"),
                text,
                new Environment(Map.of(), Path.of("/root"), true));
    }

    private static String owner(String pool, String runner, String source, String project) {
        MayflySettings settings =
                settings(
                        "pools: [{name: ci%s}]\nsources: {gitlab: [{pool: ci, %s}]}\n"
                                .formatted(pool, runner));
        return CacheParts.owners(settings)
                .apply(new CacheScope(new PoolName("ci"), source, project));
    }

    private static String owner(String runner, String source) {
        return owner("", runner, source, "7");
    }

    @Test
    void hostsMayCallTheRunnersOfOneServerAsTheyLike() {
        assertThat(owner("name: here, url: 'https://GITLAB.example.com/'", "here"))
                .isEqualTo(owner("name: there, url: 'https://gitlab.example.com'", "there"));
    }

    @Test
    void sameNameIsNotTheSameServer() {
        assertThat(owner("name: shop, url: 'https://one.example.com'", "shop"))
                .isNotEqualTo(owner("name: shop, url: 'https://two.example.com'", "shop"));
    }

    @Test
    void projectIsAnotherOnEachServerAndInEachPoolsLevel() {
        String runner = "name: shop, protected: true, url: 'https://one.example.com'";

        assertThat(owner("", runner, "shop", "7"))
                .isNotEqualTo(owner("", runner, "shop", "8"))
                .isNotEqualTo(owner("", runner, "local", "7"))
                .isNotEqualTo(owner(", protected: true", runner, "shop", "7"));
    }

    @Test
    void placeIsWhatTheConfigurationSays() {
        String pools = "pools: [{name: ci}]\ncache: ";
        Path spool = Path.of("/spool");

        assertThat(CacheParts.of(settings(pools + "{store: none}"), spool))
                .isSameAs(CacheStore.NONE);
        assertThat(CacheParts.of(settings(pools + "{path: /c}"), spool))
                .isInstanceOf(LocalCaches.class);
        try (CacheStore store =
                CacheParts.of(
                        settings(pools + "{store: s3, s3: {bucket: b-c, credentials: aws_chain}}"),
                        spool)) {
            assertThat(store).isInstanceOf(S3Caches.class);
        }
    }
}
