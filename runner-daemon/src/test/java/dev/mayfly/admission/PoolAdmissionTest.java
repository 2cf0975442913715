package dev.mayfly.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.mayfly.job.AllowedImages;
import dev.mayfly.job.Facts;
import dev.mayfly.job.ImagePattern;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PoolAdmissionTest {

    private static final PoolName TRUSTED = new PoolName("trusted");
    private static final PoolName UNTRUSTED = new PoolName("untrusted");
    private static final List<PoolCeiling> POOLS =
            List.of(
                    new PoolCeiling(
                            TRUSTED,
                            NetworkAccess.FULL,
                            Duration.ofHours(1),
                            4L << 30,
                            4,
                            512,
                            20L << 30,
                            AllowedImages.ALL),
                    new PoolCeiling(
                            UNTRUSTED,
                            NetworkAccess.NONE,
                            Duration.ofMinutes(30),
                            1L << 30,
                            1,
                            64,
                            5L << 30,
                            new AllowedImages(
                                    patterns("registry.example.com/team/**", "debian:*"),
                                    patterns("postgres:1?"),
                                    Set.of(PullPolicy.ALWAYS, PullPolicy.IF_NOT_PRESENT))));

    private static List<ImagePattern> patterns(String... patterns) {
        return Stream.of(patterns).map(ImagePattern::parse).toList();
    }

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
                        .resources(new ResourceRequest(1L << 30, 1.0, 64, 5L << 30));

        assertThat(verdict("local", most.job())).isEqualTo(new Verdict.Admitted(UNTRUSTED));
    }

    @Test
    void everythingBeyondTheCeilingIsNamedAtOnce() {
        Wish wish =
                new Wish()
                        .network(NetworkAccess.FULL)
                        .timeout(Duration.ofSeconds(1801))
                        .resources(new ResourceRequest((1L << 30) + 1, 1.5, 65, 6L << 30));

        assertThat(refusal("local", wish))
                .isEqualTo(
                        "the job asks for more than pool untrusted allows: network is full, the"
                                + " most is none; timeout is 1801s, the most is 30m;"
                                + " resources.memory is 1073741825 bytes, the most is 1024MiB;"
                                + " resources.cpus is 1.5, the most is 1.0; resources.pids is 65,"
                                + " the most is 64; resources.disk is 6144MiB, the most is 5120MiB;"
                                + " ask for less, or change what the pool allows");
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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "debian:12",
                "debian",
                "docker.io/debian:12",
                "index.docker.io/library/debian:12",
                "registry.example.com/team/a:1",
                "Registry.Example.com:443/team/a:1",
                "registry.example.com/team/a/b"
            })
    void imageThatThePoolAllowsIsAdmitted(String image) {
        assertThat(verdict("local", new Wish().image(image).job()))
                .isEqualTo(new Verdict.Admitted(UNTRUSTED));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "registry.example.com/other/a",
                "registry.example.com:5000/team/a",
                "x/debian:1"
            })
    void otherImageIsRefusedByItsName(String image) {
        assertThat(verdict("local", new Wish().image(image).job()))
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains(
                                                "image is " + image,
                                                "allowed in pool untrusted are registry.example.com/team/**, debian:*",
                                                "[rule built-in/allowed-images]"));
        assertThat(verdict("all", new Wish().pool("trusted").image(image).job()))
                .isEqualTo(new Verdict.Admitted(TRUSTED));
    }

    @Test
    void serviceAndPullPolicyAreLookedAtToo() {
        Wish wish = new Wish().image("debian:12", PullPolicy.NEVER).service("postgres:9");

        assertThat(verdict("local", wish.job()))
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains(
                                                "services is postgres:9, allowed in pool untrusted are postgres:1?",
                                                "image is to be pulled never, allowed in pool untrusted is"
                                                        + " always, if-not-present",
                                                "[rule built-in/pull-policies]"));
        assertThat(verdict("local", new Wish().service("postgres:17").job()))
                .isEqualTo(new Verdict.Admitted(UNTRUSTED));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "allowed.example@evil.example/a", "$IMAGE", "registry.example.com/$A:1"})
    void whatIsNoImagesNameIsRefusedInEachPool(String image) {
        for (String pool : List.of("trusted", "untrusted")) {
            assertThat(refusal("all", new Wish().pool(pool).image(image)))
                    .contains("image is \"" + image + "\", which", "[rule built-in/image-names]");
            assertThat(refusal("all", new Wish().pool(pool).service(image)))
                    .contains("services is \"" + image + "\", which");
        }
    }

    private static final String D = "sha256:" + "0".repeat(64);

    /** What a pool with these rules says of a job. */
    private static Decision ruled(ImageRules rules, JobSpec job) {
        PoolCeiling ceiling =
                new PoolCeiling(
                        TRUSTED,
                        NetworkAccess.FULL,
                        Duration.ofHours(1),
                        1L << 30,
                        1,
                        64,
                        1L << 30,
                        AllowedImages.ALL,
                        rules);
        return new PoolAdmission(
                        List.of(ceiling), Map.of("s", new SourceBinding(List.of(TRUSTED), TRUSTED)))
                .review(job, Facts.ofSource("s", job));
    }

    @Test
    void poolThatWantsDigestsTakesNoTags() {
        ImageRules digests = new ImageRules(true, ImageRules.Variables.ALLOW, false, null, null);

        for (Wish wish :
                List.of(
                        new Wish(), // the pool's own
                        new Wish().image("debian@" + D),
                        new Wish().image("debian:12@" + D).service("postgres@" + D))) {
            assertThat(ruled(digests, wish.job()).verdict())
                    .isEqualTo(new Verdict.Admitted(TRUSTED));
        }
        Decision tag = ruled(digests, new Wish().image("node:latest").service("db:1").job());
        assertThat(((Verdict.Refused) tag.verdict()).reason())
                .contains(
                        "image is node:latest, and pool trusted takes images by their digest only",
                        "services is db:1, and",
                        "write node:latest@sha256:",
                        "[rule built-in/require-digest]");
        assertThat(tag.findings())
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.rule()).isEqualTo("built-in/require-digest");
                    assertThat(one.applies()).isTrue();
                });
    }

    @Test
    void nameMadeOfVariablesIsRefusedWhereThePoolSaysSo() {
        ImageSpec made =
                new ImageSpec("evil.example/a:1", null, null, List.of(), List.of("REG", "TAG"));
        JobSpec job = new Wish().image(made).job();

        assertThat(ruled(ImageRules.NONE, job).verdict()).isInstanceOf(Verdict.Admitted.class);
        Decision refused =
                ruled(new ImageRules(false, ImageRules.Variables.REFUSE, false, null, null), job);
        assertThat(((Verdict.Refused) refused.verdict()).reason())
                .contains(
                        "made of $REG, $TAG, which a job can set",
                        "[rule built-in/image-variables]");
    }

    @Test
    void eachRuleOfThePoolIsAFindingAlsoWhereItDoesNotApply() {
        Decision admitted =
                admission.review(
                        new Wish().image("debian:12").job(),
                        Facts.ofSource("local", new Wish().image("debian:12").job()));
        assertThat(admitted.findings())
                .extracting(Finding::rule, Finding::applies)
                .containsExactly(
                        tuple("built-in/allowed-images", false),
                        tuple("built-in/pull-policies", false));
    }

    /** What one job asks for. */
    private static final class Wish {
        private @Nullable PoolName pool;
        private NetworkAccess network = NetworkAccess.NONE;
        private WorkspaceSource workspace = new WorkspaceSource.Empty();
        private @Nullable Duration timeout;
        private ResourceRequest resources = ResourceRequest.NONE;
        private @Nullable ImageSpec image;
        private List<ServiceSpec> services = List.of();

        Wish image(String name, PullPolicy... policies) {
            image = new ImageSpec(name, null, null, List.of(policies));
            return this;
        }

        Wish image(ImageSpec wanted) {
            image = wanted;
            return this;
        }

        Wish service(String name) {
            services =
                    List.of(
                            new ServiceSpec(
                                    new ImageSpec(name, null), List.of("db"), List.of(), Map.of()));
            return this;
        }

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
                    new JobEnvironment(image, services, network, resources),
                    new Inputs(Map.of(), List.of(), workspace),
                    List.of());
        }
    }
}
