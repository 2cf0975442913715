package dev.mayfly.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Facts;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoolAdmissionTest {

    private static final PoolName TRUSTED = new PoolName("trusted");
    private static final PoolName UNTRUSTED = new PoolName("untrusted");
    private static final List<PoolCeiling> POOLS =
            List.of(
                    new PoolCeiling(
                            TRUSTED, NetworkAccess.FULL, Duration.ofHours(1), 4L << 30, 4, 512),
                    new PoolCeiling(
                            UNTRUSTED,
                            NetworkAccess.NONE,
                            Duration.ofMinutes(30),
                            1L << 30,
                            1,
                            64));

    private final PoolAdmission admission =
            new PoolAdmission(
                    POOLS,
                    Map.of(
                            "all", new SourceBinding(List.of(TRUSTED, UNTRUSTED), UNTRUSTED),
                            "local", new SourceBinding(List.of(UNTRUSTED), UNTRUSTED)));

    @ParameterizedTest
    @CsvSource({
        "all, , untrusted",
        "all, trusted, trusted",
        "all, untrusted, untrusted",
        "local, , untrusted",
        "local, untrusted, untrusted"
    })
    void jobRunsInThePoolItAsksForOrInTheSourcesDefault(
            String source, @Nullable String asked, String admitted) {
        assertThat(verdict(source, new Wish().pool(asked).job()))
                .isEqualTo(new Verdict.Admitted(new PoolName(admitted)));
    }

    @Test
    void poolThatTheSourceDoesNotFeedIsRefused() {
        assertThat(refusal("local", new Wish().pool("trusted")))
                .isEqualTo(
                        "pool: source local may feed untrusted only, the job asks for trusted;"
                                + " remove pool from the job, or add trusted to"
                                + " sources.local.feeds");
    }

    @Test
    void unknownPoolIsRefusedWithTheKnownOnes() {
        assertThat(refusal("all", new Wish().pool("gpu")))
                .isEqualTo("pool: there is no pool gpu; pools: trusted, untrusted");
    }

    @Test
    void unknownSourceIsRefused() {
        assertThat(refusal("elsewhere", new Wish())).startsWith("source elsewhere feeds no pool");
    }

    @Test
    void everythingUpToTheCeilingIsAdmitted() {
        Wish most =
                new Wish()
                        .timeout(Duration.ofMinutes(30))
                        .resources(new ResourceRequest(1L << 30, 1.0, 64));

        assertThat(verdict("local", most.job())).isEqualTo(new Verdict.Admitted(UNTRUSTED));
    }

    @Test
    void everythingBeyondTheCeilingIsNamedAtOnce() {
        Wish wish =
                new Wish()
                        .network(NetworkAccess.FULL)
                        .timeout(Duration.ofSeconds(1801))
                        .resources(new ResourceRequest((1L << 30) + 1, 1.5, 65));

        assertThat(refusal("local", wish))
                .isEqualTo(
                        "the job asks for more than pool untrusted allows: network is full, the"
                                + " most is none; timeout is 1801s, the most is 30m;"
                                + " resources.memory is 1073741825 bytes, the most is 1024MiB;"
                                + " resources.cpus is 1.5, the most is 1.0; resources.pids is 65,"
                                + " the most is 64; ask for less, or raise the pool's limits");
    }

    @Test
    void jobIsNotMovedToAPoolThatWouldAllowIt() {
        assertThat(verdict("all", new Wish().network(NetworkAccess.FULL).job()))
                .isInstanceOf(Verdict.Refused.class);
    }

    @Test
    void nobodyGetsMoreThanTheSourceAndThePoolAllow() {
        Random random = new Random(20260101);
        int admitted = 0;
        for (int i = 0; i < 20_000; i++) {
            List<PoolName> feeds = new ArrayList<>();
            feeds.add(random.nextBoolean() ? TRUSTED : UNTRUSTED);
            if (random.nextBoolean()) {
                feeds.add(feeds.getFirst().equals(TRUSTED) ? UNTRUSTED : TRUSTED);
            }
            SourceBinding binding =
                    new SourceBinding(feeds, feeds.get(random.nextInt(feeds.size())));
            JobSpec job = randomWish(random).job();

            Verdict verdict =
                    new PoolAdmission(POOLS, Map.of("s", binding))
                            .review(job, Facts.ofSource("s", job))
                            .verdict();

            if (verdict instanceof Verdict.Admitted(PoolName pool)) {
                admitted++;
                assertThat(feeds).contains(pool);
                assertThat(pool).isEqualTo(job.pool() == null ? binding.defaultPool() : job.pool());
                PoolCeiling ceiling = POOLS.get(pool.equals(TRUSTED) ? 0 : 1);
                assertThat(job.environment().network()).isLessThanOrEqualTo(ceiling.network());
                ResourceRequest asked = job.environment().resources();
                assertThat(
                                asked.memoryBytes() == null
                                        || asked.memoryBytes() <= ceiling.memoryBytes())
                        .isTrue();
                assertThat(asked.cpus() == null || asked.cpus() <= ceiling.cpus()).isTrue();
                assertThat(asked.pids() == null || asked.pids() <= ceiling.pids()).isTrue();
            }
        }
        assertThat(admitted).isBetween(1_000, 19_000);
    }

    @Test
    void rulesThatContradictEachOtherAreRefused() {
        assertThatThrownBy(() -> new SourceBinding(List.of(TRUSTED), UNTRUSTED))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PoolAdmission(List.of(POOLS.get(0), POOLS.get(0)), Map.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() ->
                        new PoolAdmission(
                                List.of(POOLS.get(0)),
                                Map.of("s", new SourceBinding(List.of(UNTRUSTED), UNTRUSTED))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void poolWithoutANetworkFetchesNoSourcesOverOne() {
        WorkspaceSource remote = new WorkspaceSource.Git("https://git.example.com/a.git", "ab");
        assertThat(refusal("all", new Wish().pool("untrusted").workspace(remote)))
                .contains("workspace.git.url", "pool untrusted has no network", "local repository");
        assertThat(verdict("all", new Wish().pool("trusted").workspace(remote).job()))
                .isEqualTo(new Verdict.Admitted(TRUSTED));
    }

    private String refusal(String source, Wish wish) {
        return ((Verdict.Refused) verdict(source, wish.job())).reason();
    }

    private Verdict verdict(String source, JobSpec job) {
        return admission.review(job, Facts.ofSource(source, job)).verdict();
    }

    private static Wish randomWish(Random random) {
        String[] pools = {null, "trusted", "untrusted", "gpu"};
        return new Wish()
                .pool(pools[random.nextInt(pools.length)])
                .network(random.nextInt(4) == 0 ? NetworkAccess.FULL : NetworkAccess.NONE)
                .timeout(Duration.ofMinutes(random.nextInt(1, 90)))
                .resources(
                        new ResourceRequest(
                                random.nextBoolean() ? null : random.nextLong(1, 6L << 30),
                                random.nextBoolean() ? null : random.nextDouble(0.1, 6),
                                random.nextBoolean() ? null : random.nextInt(1, 700)));
    }

    /** What one job asks for. */
    private static final class Wish {
        private @Nullable PoolName pool;
        private NetworkAccess network = NetworkAccess.NONE;
        private WorkspaceSource workspace = new WorkspaceSource.Empty();
        private @Nullable Duration timeout;
        private ResourceRequest resources = ResourceRequest.NONE;

        Wish pool(@Nullable String name) {
            pool = name == null ? null : new PoolName(name);
            return this;
        }

        Wish workspace(WorkspaceSource wanted) {
            workspace = wanted;
            return this;
        }

        Wish network(NetworkAccess wanted) {
            network = wanted;
            return this;
        }

        Wish timeout(Duration wanted) {
            timeout = wanted;
            return this;
        }

        Wish resources(ResourceRequest wanted) {
            resources = wanted;
            return this;
        }

        JobSpec job() {
            return new JobSpec(
                    "job",
                    pool,
                    new Steps(List.of("true"), List.of(), timeout),
                    new JobEnvironment(null, List.of(), network, resources),
                    new Inputs(Map.of(), List.of(), workspace),
                    List.of());
        }
    }
}
