package dev.mayfly.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt.Disposal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EnginesByPoolTest {

    private static final EngineName NEAR = new EngineName("unix:///near.sock");
    private static final EngineName FAR = new EngineName("ssh://far");
    private static final PoolName TRUSTED = new PoolName("trusted");
    private static final PoolName UNTRUSTED = new PoolName("untrusted");
    private static final JobId JOB = new JobId("j-1");

    private final Backend near = new Backend();
    private final Backend far = new Backend();
    private final Map<JobId, Set<EngineName>> journal = new HashMap<>();
    private final EnginesByPool both =
            new EnginesByPool(
                    Map.of(TRUSTED, NEAR, UNTRUSTED, FAR),
                    Map.of(NEAR, near, FAR, far),
                    job -> Optional.ofNullable(journal.get(job)));

    /** An engine that holds one thing of each job. */
    private static final class Backend implements SandboxBackend {
        private final Set<JobId> holds = new HashSet<>();
        private boolean down;
        private int asked;

        @Override
        public Sandbox create(SandboxSpec spec, Notices notices) {
            throw new IllegalStateException("no test makes one");
        }

        @Override
        public List<Disposal> destroy(JobId job) {
            answer();
            return holds.remove(job)
                    ? List.of(
                            new Disposal(
                                    new OwnedResource(OwnedResource.Kind.CONTAINER, "c-" + job),
                                    true,
                                    "gone"))
                    : List.of();
        }

        @Override
        public Leftovers abandoned(Set<LifeId> living) {
            answer();
            return new Leftovers(holds, List.of());
        }

        @Override
        public Optional<String> unhealthyBecause(PoolName pool) {
            return down ? Optional.of("down") : Optional.empty();
        }

        private void answer() {
            asked++;
            if (down) {
                throw new FaultException(Fault.ENGINE, "the engine is down");
            }
        }
    }

    @Test
    void oneEngineThatIsDownKeepsOnlyItsOwnPoolsWaiting() throws InterruptedException {
        far.down = true;
        assertThat(both.unhealthyBecause(TRUSTED)).isEmpty();
        assertThat(both.unhealthyBecause(UNTRUSTED)).contains("down");
    }

    @Test
    void jobIsLookedForWhereTheJournalSaysAndNowhereElse() throws InterruptedException {
        far.down = true;
        near.holds.add(JOB);
        journal.put(JOB, Set.of(NEAR));
        assertThat(both.destroy(JOB)).hasSize(1).allMatch(Disposal::verified);
        assertThat(far.asked).isZero();
    }

    @Test
    void jobThatHasMadeNothingNeedsNoEngine() throws InterruptedException {
        near.down = true;
        far.down = true;
        journal.put(JOB, Set.of());
        assertThat(both.destroy(JOB)).isEmpty();
    }

    @Test
    void jobThatTheJournalDoesNotKnowIsLookedForEverywhere() throws InterruptedException {
        far.holds.add(JOB);
        near.down = true;
        assertThat(both.destroy(JOB))
                .extracting(Disposal::verified)
                .containsExactlyInAnyOrder(true, false);
        near.down = false;
        assertThat(both.destroy(JOB)).isEmpty();
    }

    @Test
    void engineThatIsDownHidesNothingThatAnotherHolds() throws InterruptedException {
        near.down = true;
        far.holds.add(JOB);
        SandboxBackend.Leftovers leftovers = both.abandoned(Set.of());
        assertThat(leftovers.jobs()).containsExactly(JOB);
        assertThat(leftovers.unseen()).containsExactly("the engine is down");
    }

    @Test
    void whatIsFoundByItsLabelIsDestroyedThereWhateverTheJournalSays() throws InterruptedException {
        far.holds.add(JOB);
        journal.put(JOB, Set.of());
        both.abandoned(Set.of());
        assertThat(both.destroy(JOB)).hasSize(1).allMatch(Disposal::verified);
        assertThat(far.holds).isEmpty();
    }

    @Test
    void thingsOnAnEngineThatNobodyKnowsAreNotTakenForGone() throws InterruptedException {
        journal.put(JOB, Set.of(new EngineName("tcp://gone:2376")));
        assertThat(both.destroy(JOB))
                .singleElement()
                .satisfies(left -> assertThat(left.verified()).isFalse())
                .satisfies(left -> assertThat(left.resource().name()).contains("tcp://gone:2376"));
    }
}
