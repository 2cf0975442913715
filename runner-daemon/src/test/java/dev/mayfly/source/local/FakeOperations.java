package dev.mayfly.source.local;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A daemon with one pool, in which a job runs on while it drains. */
public final class FakeOperations implements Operations {

    public volatile List<String> running = List.of("j-1");
    public volatile Reloading reloading = new Reloading.Used(List.of(), List.of());
    private volatile @Nullable Instant drained;

    @Override
    public DaemonStatus status() {
        Instant since = drained;
        return new DaemonStatus(
                "1.2.3",
                Instant.now().minusSeconds(90),
                since,
                new DaemonStatus.Health(
                        List.of(), since == null ? List.of() : List.of("drained since " + since)),
                List.of(new DaemonStatus.Pool("untrusted", 2, 0, true, since == null, running)));
    }

    @Override
    public void drain() {
        drained = Instant.parse("2026-01-01T10:00:00Z");
    }

    @Override
    public void resume() {
        drained = null;
    }

    @Override
    public Reloading reload() {
        return reloading;
    }
}
