package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.PoolName;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCachesTest {

    private static final CacheScope SCOPE = scope("untrusted", "shop", "7");

    @TempDir private Path folder;
    private Instant now = Instant.parse("2030-01-01T00:00:00Z");
    private LocalCaches caches;

    @BeforeEach
    void open() {
        caches = caches(1000, 500);
    }

    @Test
    void cacheIsFoundUnderTheFirstKeyThatHasOne() throws Exception {
        save(SCOPE, "old", "of the old key");

        assertThat(find(SCOPE, "new", "old")).contains("old: of the old key");
        save(SCOPE, "new", "of the new key");
        assertThat(find(SCOPE, "new", "old")).contains("new: of the new key");
        assertThat(find(SCOPE, "other")).isEmpty();
    }

    @Test
    void laterOneTakesThePlaceOfTheEarlierOne() throws Exception {
        save(SCOPE, "key", "first");
        save(SCOPE, "key", "second");

        assertThat(find(SCOPE, "key")).contains("key: second");
        assertThat(files()).hasSize(1);
    }

    @Test
    void nobodyFindsTheCacheOfAnotherPoolSourceOrProject() throws Exception {
        save(SCOPE, "key", "mine");

        assertThat(find(scope("trusted", "shop", "7"), "key")).isEmpty();
        assertThat(find(scope("untrusted", "other", "7"), "key")).isEmpty();
        assertThat(find(scope("untrusted", "shop", "8"), "key")).isEmpty();
        assertThat(find(scope("untrusted", "shop7", ""), "key")).isEmpty();
    }

    @Test
    void keyIsNoPath() throws Exception {
        save(SCOPE, "../../../../escaped/*?\u0000", "contained");

        assertThat(find(SCOPE, "../../../../escaped/*?\u0000")).isPresent();
        try (Stream<Path> all = Files.walk(folder)) {
            assertThat(all.map(Path::toString)).noneMatch(path -> path.contains("escaped"));
        }
    }

    @Test
    void damagedOneIsNotHandedOutAndThrownAway() throws Exception {
        save(SCOPE, "key", "content");
        Files.writeString(files().getFirst(), "contend", StandardOpenOption.WRITE);

        assertThatThrownBy(() -> find(SCOPE, "key"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged");
        assertThat(find(SCOPE, "key")).isEmpty();
    }

    @Test
    void oneThatIsTooLargeIsNotKeptAndTheEarlierOneStays() throws Exception {
        save(SCOPE, "key", "small");

        assertThatThrownBy(() -> save(SCOPE, "key", "x".repeat(501)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("500 bytes");
        assertThat(find(SCOPE, "key")).contains("key: small");
        assertThat(files()).hasSize(1);
    }

    @Test
    void oneThatBreaksOffLeavesTheEarlierOne() throws Exception {
        save(SCOPE, "key", "whole");

        assertThatThrownBy(() ->
                        caches.save(
                                SCOPE,
                                "key",
                                out -> {
                                    out.write(1);
                                    throw new IllegalStateException("broken off");
                                }))
                .hasMessage("broken off");
        assertThat(find(SCOPE, "key")).contains("key: whole");
        assertThat(files()).hasSize(1);
    }

    @Test
    void longestUnusedGoesFirstWhenThePoolsShareIsFull() throws Exception {
        for (String key : List.of("a", "b", "c")) {
            save(SCOPE, key, key.repeat(300));
            now = now.plusSeconds(60);
        }
        assertThat(find(SCOPE, "a")).isPresent();
        now = now.plusSeconds(60);
        save(SCOPE, "d", "d".repeat(300));

        assertThat(find(SCOPE, "b")).isEmpty();
        assertThat(find(SCOPE, "a")).isPresent();
        assertThat(find(SCOPE, "d")).isPresent();
    }

    @Test
    void poolCannotPushOutWhatIsAnothers() throws Exception {
        save(scope("trusted", "shop", "7"), "key", "x".repeat(400));
        for (int i = 0; i < 5; i++) {
            now = now.plusSeconds(60);
            save(SCOPE, "key" + i, "y".repeat(400));
        }

        assertThat(find(scope("trusted", "shop", "7"), "key")).isPresent();
        assertThat(files()).hasSize(3);
    }

    @Test
    void oneThatNobodyAsksForIsGoneAfterItsTime() throws Exception {
        save(SCOPE, "key", "old");
        now = now.plus(Duration.ofDays(13));
        caches.evict();
        assertThat(files()).hasSize(1);
        now = now.plus(Duration.ofDays(2));
        caches.evict();

        assertThat(files()).isEmpty();
    }

    @Test
    void whatADeadWriterHasLeftIsRemoved() throws Exception {
        save(SCOPE, "key", "x");
        Path draft = files().getFirst().resolveSibling("left.draft");
        Files.writeString(draft, "half");
        Files.setLastModifiedTime(draft, java.nio.file.attribute.FileTime.from(now));
        caches.evict();
        assertThat(draft).exists();
        now = now.plus(Duration.ofDays(1));
        caches.evict();

        assertThat(draft).doesNotExist();
        assertThat(find(SCOPE, "key")).isPresent();
    }

    @Test
    void onlyTheOwnerMayLookInside() throws Exception {
        save(SCOPE, "key", "x");
        Path file = files().getFirst();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(folder.resolve("cache"))))
                .isEqualTo("rwx------");
    }

    private LocalCaches caches(long pool, long entry) {
        return new LocalCaches(
                folder.resolve("cache"),
                new CacheBounds(pool, entry, Duration.ofDays(14)),
                () -> now);
    }

    private static CacheScope scope(String pool, String source, String project) {
        return new CacheScope(new PoolName(pool), source, project);
    }

    private void save(CacheScope scope, String key, String content) throws Exception {
        caches.save(scope, key, out -> out.write(content.getBytes(UTF_8)));
    }

    private Optional<String> find(CacheScope scope, String... keys) throws Exception {
        Optional<CacheStore.Found> found = caches.find(scope, List.of(keys));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        try (CacheStore.Found one = found.get();
                InputStream in = Channels.newInputStream(one.archive())) {
            return Optional.of(one.key() + ": " + new String(in.readAllBytes(), UTF_8));
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}
