package dev.mayfly.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.pool.SlotPool;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.source.Claim;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DispatcherTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration A_MOMENT = Duration.ofMillis(200);

    @TempDir Path folder;
    private Trial trial;
    private FakeSource source;
    private final SlotPool slots = new SlotPool(Trial.POOL, 2);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private Dispatcher dispatcher;

    @BeforeEach
    void open() {
        trial = new Trial(folder);
        source = new FakeSource(() -> trial.engine.illness + trial.secrets.illness, slots);
        dispatcher = new Dispatcher(trial.stages(), Trial.TERMS, slots, List.of(source));
    }

    @AfterEach
    void close() throws Exception {
        mayEnd.countDown();
        dispatcher.stopClaiming();
        dispatcher.awaitIdle(LIMIT);
        trial.close();
        assertThat(source.wrongs).isEmpty();
    }

    @Test
    void everyWaitingJobIsRunAndEverySlotComesBack() throws Exception {
        for (int i = 0; i < 10; i++) {
            add("j-" + i);
        }
        dispatcher.start();
        await(() -> source.outcomes().size() == 10 && slots.occupancy().free() >= 1);
        dispatcher.stopClaiming();

        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
        assertThat(source.outcomes()).containsOnly("passed");
        assertThat(slots.occupancy()).isEqualTo(new SlotPool.Occupancy(2, 0, 0));
    }

    @Test
    void nobodyIsAskedWithoutAFreeSlot() throws Exception {
        hold();
        add("j-1");
        add("j-2");
        add("j-3");
        dispatcher.start();
        await(() -> trial.engine.steps.size() == 2);

        assertThat(slots.occupancy()).isEqualTo(new SlotPool.Occupancy(0, 2, 0));
        mayEnd.countDown();
        await(() -> source.outcomes().size() == 3);
    }

    @Test
    void nobodyIsAskedWhileTheEngineOrTheSecretsAreIll() throws Exception {
        trial.engine.illness = "the engine is down";
        add("j-1");
        dispatcher.start();
        await(() -> trial.engine.healthAsked.get() > 0);

        trial.secrets.illness = "no key";
        trial.engine.illness = "";
        await(() -> trial.secrets.healthAsked.get() > 0);
        assertThat(slots.occupancy().free()).isEqualTo(2);

        trial.secrets.illness = "";
        await(() -> source.outcomes().size() == 1);
    }

    @Test
    void whoFallsIllWhileASlotWasAwaitedIsNotAskedEither() throws Exception {
        hold();
        add("j-1");
        add("j-2");
        dispatcher.start();
        await(() -> trial.engine.steps.size() == 2);
        add("j-3");
        trial.engine.illness = "the engine is down";
        int looks = trial.engine.healthAsked.get();
        mayEnd.countDown();
        await(() -> trial.engine.healthAsked.get() > looks + 1);

        trial.engine.illness = "";
        await(() -> source.outcomes().size() == 3);
    }

    @Test
    void nobodyIsAskedAfterTheStopWhileRunningJobsGoOn() throws Exception {
        hold();
        add("j-1");
        dispatcher.start();
        await(() -> trial.engine.steps.size() == 1);
        dispatcher.stopClaiming();
        // What a source hands out at the very moment of the stop is run and not lost.
        await(() -> source.asking.get() == 0);
        add("j-2");

        assertThat(dispatcher.awaitIdle(A_MOMENT)).isFalse();
        mayEnd.countDown();
        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
        assertThat(source.outcomes()).containsExactly("passed");
        assertThat(slots.occupancy().free()).isEqualTo(2);
    }

    @Test
    void cancellingAllEndsEachJobWithTheReason() throws Exception {
        trial.engine.step(
                "script",
                (_, _, _, cancellation) -> {
                    CountDownLatch told = new CountDownLatch(1);
                    cancellation.whenRequested(told::countDown);
                    assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
                    return new StepEnd.Cancelled();
                });
        add("j-1");
        add("j-2");
        dispatcher.start();
        await(() -> trial.engine.steps.size() == 2);
        dispatcher.stopClaiming();
        dispatcher.cancelAll("the daemon is stopping");

        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
        assertThat(source.outcomes()).containsExactly("cancelled", "cancelled");
    }

    @Test
    void aSlotWhoseJobLeftSomethingComesBackWhenThatIsGone() throws Exception {
        trial.engine.stubborn.set(1);
        add("j-1");
        dispatcher.start();
        await(() -> slots.occupancy().quarantined() == 1);
        assertThat(source.outcomes()).containsExactly("passed");

        await(() -> slots.occupancy().quarantined() == 0);
        assertThat(trial.engine.holds(new JobId("j-1"))).isFalse();
    }

    @Test
    void aStopDoesNotWaitForWhatCannotBeRemoved() throws Exception {
        trial.engine.stubborn.set(1_000);
        add("j-1");
        dispatcher.start();
        await(() -> slots.occupancy().quarantined() == 1);
        dispatcher.stopClaiming();

        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
        assertThat(slots.occupancy().quarantined()).isEqualTo(1);
    }

    @Test
    void aSourceThatFailsIsAskedAgainAndCostsNoSlot() throws Exception {
        source.failures.set(1);
        add("j-1");
        dispatcher.start();
        await(() -> source.outcomes().size() == 1);
        dispatcher.stopClaiming();

        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
        assertThat(slots.occupancy().free()).isEqualTo(2);
    }

    @Test
    void aJobThatCannotBeReportedKeepsItsSlotFromOthers() throws Exception {
        source.reportsFail = true;
        add("j-1");
        dispatcher.start();
        await(() -> slots.occupancy().quarantined() == 1);
        dispatcher.stopClaiming();

        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
    }

    @Test
    void aPoolThatNoSourceFeedsHasNothingToDispatch() {
        assertThatThrownBy(() -> new Dispatcher(trial.stages(), Trial.TERMS, slots, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no source feeds pool trusted");
    }

    @Test
    void aDispatcherThatWasNeverStartedIsIdle() throws Exception {
        assertThat(dispatcher.awaitIdle(A_MOMENT)).isTrue();
    }

    @Test
    void pausedDispatcherAsksForNothingAndItsJobsGoOn() throws Exception {
        hold();
        add("j-1");
        dispatcher.start();
        await(() -> trial.engine.steps.size() == 1);
        dispatcher.pause();
        add("j-2"); // which the question under way may still bring
        await(dispatcher::atRest);
        int asked = source.questions.get();
        add("j-3");
        int running = dispatcher.running().size();

        assertThat(source.rests).hasValue(1);
        assertThat(running).isBetween(1, 2);
        mayEnd.countDown();
        await(() -> source.outcomes().size() == running && dispatcher.running().isEmpty());
        assertThat(source.questions).hasValue(asked);
        assertThat(dispatcher.occupancy().free()).isEqualTo(2);
    }

    @Test
    void resumedDispatcherAsksAgainAtOnce() throws Exception {
        dispatcher.pause();
        dispatcher.start();
        await(dispatcher::atRest);
        add("j-1");
        long before = System.nanoTime();
        dispatcher.resume();
        await(() -> source.outcomes().size() == 1);

        assertThat(dispatcher.atRest()).isFalse();
        // Without being woken it would look after five seconds.
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(4));
    }

    @Test
    void pausedDispatcherStopsAtOnce() throws Exception {
        dispatcher.pause();
        dispatcher.start();
        await(dispatcher::atRest);
        dispatcher.stopClaiming();

        assertThat(dispatcher.awaitIdle(LIMIT)).isTrue();
        assertThat(source.questions).hasValue(0);
    }

    @Test
    void nextJobRunsOnTheTermsThatWereAdopted() throws Exception {
        dispatcher.adopt(Trial.with(List.of(PullPolicy.ALWAYS)));
        add("j-1");
        dispatcher.start();
        await(() -> source.outcomes().size() == 1);

        assertThat(trial.engine.made.getFirst().image().pull()).containsExactly(PullPolicy.ALWAYS);
    }

    @Test
    void termsOfAnotherPoolAreRefused() {
        PoolTerms other =
                new PoolTerms(
                        new PoolName("other"),
                        Trial.TERMS.image(),
                        Trial.TERMS.network(),
                        Trial.TERMS.timeout(),
                        Trial.TERMS.limits(),
                        Trial.TERMS.hardening(),
                        Trial.TERMS.logBytes(),
                        Trial.TERMS.masking(),
                        Trial.TERMS.pull(),
                        Trial.TERMS.registries());

        assertThatThrownBy(() -> dispatcher.adopt(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("terms of pool other for pool trusted");
    }

    @Test
    void onlyADispatcherThatIsMeantToMoveCanBeSilent() throws Exception {
        assertThat(dispatcher.silence()).isZero();
        dispatcher.start();
        await(() -> source.asking.get() == 1);
        // Inside of the source's wait, it grows.
        await(() -> dispatcher.silence().compareTo(A_MOMENT) > 0);
        dispatcher.stopClaiming();

        assertThat(dispatcher.silence()).isZero();
    }

    private void hold() {
        trial.engine.step(
                "script",
                (_, _, _, _) -> {
                    assertThat(mayEnd.await(30, TimeUnit.SECONDS)).isTrue();
                    return new StepEnd.Exited(0);
                });
    }

    private void add(String job) {
        source.add(new Claim(new JobId(job), "local", Trial.plain(), new Cancellation()));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        Eventually.holds("what the test waits for", LIMIT, condition::getAsBoolean);
    }
}
