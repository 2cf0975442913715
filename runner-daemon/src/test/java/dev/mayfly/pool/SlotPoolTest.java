package dev.mayfly.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.job.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SlotPoolTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    private final SlotPool pool = new SlotPool(new PoolName("untrusted"), 2);

    @Test
    void poolGivesAsManySlotsAsItHas() {
        assertThat(pool.tryAcquire()).isPresent();
        assertThat(pool.tryAcquire()).get().returns(new PoolName("untrusted"), Slot::pool);
        assertThat(pool.tryAcquire()).isEmpty();
        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(0, 2, 0));
    }

    @Test
    void slotReleasedTwiceIsFreeOnce() {
        Slot first = take();
        take();

        first.release();
        first.release();

        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(1, 1, 0));
    }

    @Test
    void spentSlotDoesNotTouchTheNextHolder() {
        Slot first = take();
        take();
        first.release();
        take();

        first.release();
        first.quarantine();
        first.restore();

        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(0, 2, 0));
    }

    @Test
    void slotInQuarantineIsLostUntilItIsRestored() {
        Slot slot = take();
        slot.quarantine();
        slot.quarantine();
        slot.release();
        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(1, 0, 1));

        slot.restore();
        slot.restore();
        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(2, 0, 0));
    }

    @Test
    void restoringASlotInUseDoesNothing() {
        take().restore();

        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(1, 1, 0));
    }

    @Test
    void waitingEndsEmptyWhenNoSlotBecomesFree() throws InterruptedException {
        take();
        take();

        assertThat(pool.acquire(Duration.ofMillis(10))).isEmpty();
        assertThat(pool.acquire(Duration.ZERO)).isEmpty();
    }

    @Test
    void waitingEndsWhenASlotIsReleasedOrRestored() throws Exception {
        Slot released = take();
        Slot restored = take();
        restored.quarantine();
        List<CompletableFuture<Optional<Slot>>> waiting = List.of(waiter(), waiter());

        released.release();
        restored.restore();

        for (CompletableFuture<Optional<Slot>> each : waiting) {
            assertThat(each.get(20, TimeUnit.SECONDS)).isPresent();
        }
    }

    @Test
    void interruptEndsTheWaiting() throws InterruptedException {
        take();
        take();
        AtomicReference<Throwable> end = new AtomicReference<>();
        Thread thread =
                Thread.startVirtualThread(() -> {
                    try {
                        Optional<Slot> none = pool.acquire(LONG);
                        end.set(new AssertionError("got " + none));
                    } catch (InterruptedException e) {
                        end.set(e);
                    }
                });

        thread.interrupt();

        assertThat(thread.join(LONG)).isTrue();
        assertThat(end.get()).isInstanceOf(InterruptedException.class);
    }

    @Test
    void manyThreadsNeverHoldMoreSlotsThanThereAre() throws InterruptedException {
        AtomicInteger held = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger jobs = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            boolean quarantines = i % 5 == 0;
            threads.add(Thread.startVirtualThread(() -> hold(quarantines, held, most, jobs)));
        }
        for (Thread thread : threads) {
            assertThat(thread.join(LONG)).isTrue();
        }

        assertThat(jobs).hasValue(50);
        assertThat(most.get()).isEqualTo(2);
        assertThat(pool.occupancy()).isEqualTo(new SlotPool.Occupancy(2, 0, 0));
    }

    @Test
    void poolWithoutSlotsIsRefused() {
        assertThatThrownBy(() -> new SlotPool(new PoolName("none"), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pool none needs at least 1 slot, got 0");
    }

    private void hold(
            boolean quarantines, AtomicInteger held, AtomicInteger most, AtomicInteger jobs) {
        try {
            Slot slot = pool.acquire(LONG).orElseThrow();
            most.accumulateAndGet(held.incrementAndGet(), Math::max);
            // The first two hold on until they have met, so that slots are really held at once.
            Eventually.holds("both slots are held", LONG, () -> most.get() >= 2);
            jobs.incrementAndGet();
            held.decrementAndGet();
            if (quarantines) {
                slot.quarantine();
                slot.restore();
            }
            slot.release();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private CompletableFuture<Optional<Slot>> waiter() {
        CompletableFuture<Optional<Slot>> result = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                result.complete(pool.acquire(LONG));
            } catch (InterruptedException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private Slot take() {
        return pool.tryAcquire().orElseThrow();
    }
}
