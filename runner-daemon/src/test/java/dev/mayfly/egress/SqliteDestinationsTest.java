package dev.mayfly.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteDestinationsTest {

    private @TempDir Path folder;
    private final AtomicLong now = new AtomicLong();

    private StateStore store() {
        return StateStore.open(new StateDirectory(folder).create());
    }

    private SqliteDestinations destinations(StateStore store) {
        return new SqliteDestinations(store, () -> Instant.ofEpochMilli(now.incrementAndGet()));
    }

    @Test
    void destinationIsNewOnceForEachProjectAndStaysKnownInTheNextLife() {
        try (StateStore store = store()) {
            SqliteDestinations destinations = destinations(store);
            assertThat(destinations.isNew("shop/7", "a.example:443")).isTrue();
            assertThat(destinations.isNew("shop/7", "a.example:443")).isFalse();
            assertThat(destinations.isNew("shop/7", "a.example:80")).isTrue();
            assertThat(destinations.isNew("shop/8", "a.example:443")).isTrue();
        }
        try (StateStore store = store()) {
            assertThat(destinations(store).isNew("shop/7", "a.example:443")).isFalse();
        }
    }

    @Test
    void projectWithVeryManyForgetsThoseItWasAtTheLongestAgo() {
        try (StateStore store = store()) {
            SqliteDestinations destinations = destinations(store);
            for (int i = 0; i < SqliteDestinations.MOST_OF_A_PROJECT; i++) {
                destinations.isNew("shop/7", i + ".example:443");
            }
            assertThat(destinations.isNew("shop/7", "0.example:443")).isFalse();
            assertThat(destinations.isNew("shop/7", "one-more.example:443")).isTrue();
            assertThat(destinations.isNew("shop/7", "0.example:443")).isFalse();
            assertThat(destinations.isNew("shop/7", "1.example:443")).isTrue();
        }
    }
}
