package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.TestRegistry;
import dev.mayfly.images.SqliteImageRecords;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.RegistryLogin.Origin;
import dev.mayfly.job.SecretValue;
import dev.mayfly.sandbox.ImageTerms;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What pools may have of one engine's images, with a real registry that wants a password. Needs an
 * engine and docker-registry.
 */
@Timeout(180)
class ImageRulesIT {

    private static final Pulls.Pace QUICK =
            new Pulls.Pace(Duration.ofMillis(200), List.of(Duration.ofMillis(100)));
    private static final PoolName HIGH = new PoolName("high");
    private static final PoolName LOW = new PoolName("low");
    private static final ImageRules PINNED =
            new ImageRules(false, ImageRules.Variables.ALLOW, true, null, null);

    @TempDir private static Path directory;

    private static TestRegistry registry;
    private static DockerEngine engine;

    @TempDir private Path state;
    private StateStore store;
    private InstantSource clock = InstantSource.system();
    private String image = "";
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private final Notices listener = notices::add;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        registry = new TestRegistry(Files.createDirectory(directory.resolve("one"))).start();
        engine = new DockerEngine(Fixture.HOST, Fixture.BOUNDS);
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        engine.close();
        registry.close();
    }

    @BeforeEach
    void open() throws IOException, InterruptedException {
        store = StateStore.open(new StateDirectory(state).create());
        image = registry.publish("team/app", "first");
    }

    @AfterEach
    void close() throws IOException, InterruptedException {
        store.close();
        registry.forget(image);
    }

    /** One job's wish. */
    private record Wish(
            PoolName pool, ImageTerms terms, boolean own, @Nullable RegistryLogin login) {

        static Wish of(PoolName pool, @Nullable RegistryLogin login) {
            return new Wish(pool, ImageTerms.NONE, false, login);
        }

        Wish project(String project) {
            return new Wish(
                    pool, new ImageTerms(terms.rules(), project, terms.run(), false), own, login);
        }

        Wish rules(ImageRules rules, String run) {
            return new Wish(pool, new ImageTerms(rules, terms.project(), run, false), own, login);
        }

        Wish poolsOwn() {
            return new Wish(pool, terms, true, login);
        }
    }

    private String resolve(String name, Wish wish, PullPolicy... policies)
            throws InterruptedException {
        notices.clear();
        return new ImageStore(
                        engine,
                        QUICK,
                        new SqliteImageRecords(store, "engine", InstantSource.system()),
                        clock)
                .resolve(
                        new ImageSpec(name, List.of(), null, List.of(policies)),
                        new ImageRequest(
                                wish.pool(),
                                wish.login() == null ? List.of() : List.of(wish.login()),
                                wish.terms(),
                                wish.own()),
                        listener)
                .id();
    }

    private FaultException refused(String name, Wish wish, PullPolicy... policies) {
        return catchThrowableOfType(FaultException.class, () -> resolve(name, wish, policies));
    }

    private static RegistryLogin login(Origin origin) {
        return new RegistryLogin(
                registry.authority(),
                TestRegistry.USER,
                new SecretValue(TestRegistry.PASSWORD.getBytes(UTF_8)),
                origin);
    }

    private String digest() {
        String last = notices.stream().filter(line -> line.contains("@sha256:")).toList().getLast();
        return last.substring(last.indexOf("@sha256:"));
    }

    @Test
    void imageThatOnePoolFetchedWithItsLoginIsNotThereForAnother() throws Exception {
        String id = resolve(image, Wish.of(HIGH, login(Origin.HOST)), PullPolicy.ALWAYS);
        String byDigest = registry.authority() + "/team/app" + digest();

        for (String name : List.of(image, byDigest, image + digest())) {
            assertThat(refused(name, Wish.of(LOW, null), PullPolicy.NEVER))
                    .hasMessageContaining("is not on this engine, or not for this job");
            assertThat(refused(name, Wish.of(LOW, null), PullPolicy.IF_NOT_PRESENT))
                    .as("the registry decides")
                    .hasMessageContaining("the registry wants a login");
            assertThat(
                            refused(
                                    name,
                                    Wish.of(LOW, null),
                                    PullPolicy.ALWAYS,
                                    PullPolicy.IF_NOT_PRESENT,
                                    PullPolicy.NEVER))
                    .isNotNull();
        }
        assertThat(resolve(image, Wish.of(HIGH, null), PullPolicy.NEVER)).isEqualTo(id);
        assertThat(resolve(image, Wish.of(LOW, login(Origin.HOST)), PullPolicy.IF_NOT_PRESENT))
                .isEqualTo(id);
        assertThat(resolve(image, Wish.of(LOW, null), PullPolicy.NEVER))
                .as("it could have got it")
                .isEqualTo(id);
    }

    @Test
    void imageThatAJobsOwnLoginOpenedIsThereForItsProjectOnly() throws Exception {
        Wish seven = Wish.of(LOW, login(Origin.SERVER)).project("shop 7");
        String id = resolve(image, seven, PullPolicy.IF_NOT_PRESENT);

        Wish mate = Wish.of(LOW, null).project("shop 7");
        Wish stranger = Wish.of(LOW, null).project("shop 8");
        assertThat(resolve(image, mate, PullPolicy.NEVER)).isEqualTo(id);
        assertThat(refused(image, stranger, PullPolicy.NEVER)).isNotNull();
        assertThat(refused(image, stranger, PullPolicy.IF_NOT_PRESENT))
                .hasMessageContaining("the registry wants a login");
    }

    @Test
    void imageThatTheOperatorPutThereIsForAllAndStaysSo() throws Exception {
        String name = new TestImages(engine, "mayfly-test-operators").busybox("own");
        try {
            String id = resolve(name, Wish.of(LOW, null), PullPolicy.NEVER);
            assertThat(resolve(name, Wish.of(HIGH, null), PullPolicy.NEVER)).isEqualTo(id);
            // A job that tries to fetch it changes nothing for others.
            assertThat(refused(name, Wish.of(LOW, null), PullPolicy.ALWAYS)).isNotNull();
            assertThat(resolve(name, Wish.of(HIGH, null), PullPolicy.NEVER)).isEqualTo(id);
        } finally {
            registry.forget(name);
        }
    }

    @Test
    void poolsOwnImageNeedsNoLeave() throws Exception {
        String id = resolve(image, Wish.of(HIGH, login(Origin.HOST)), PullPolicy.ALWAYS);
        assertThat(resolve(image, Wish.of(LOW, null).poolsOwn(), PullPolicy.IF_NOT_PRESENT))
                .isEqualTo(id);
    }

    @Test
    void numberOfAnImageThatLooksLikeANameOpensNothing() throws Exception {
        String id = resolve(image, Wish.of(HIGH, login(Origin.HOST)), PullPolicy.ALWAYS);
        String hex = id.substring("sha256:".length());

        for (String number : List.of(id, hex)) {
            assertThat(refused(number, Wish.of(LOW, null), PullPolicy.NEVER))
                    .hasMessageContaining("the number of an image on an engine");
        }
        for (String number :
                List.of(
                        hex.substring(0, 12),
                        hex.substring(0, 40),
                        registry.authority() + "/team/app:" + hex.substring(0, 12))) {
            assertThat(refused(number, Wish.of(LOW, null), PullPolicy.NEVER))
                    .hasMessageContaining("is not on this engine");
            assertThat(refused(number, Wish.of(HIGH, null), PullPolicy.NEVER))
                    .as("nor for whoever has it under its name")
                    .hasMessageContaining("is not on this engine");
        }
    }

    @Test
    void twoPoolsThatPullAtOnceGetWhatTheirLoginsGiveThem() throws Exception {
        for (int round = 0; round < 3; round++) {
            registry.forget(image);
            CyclicBarrier start = new CyclicBarrier(4);
            List<Callable<Boolean>> tries = new ArrayList<>();
            for (PullPolicy policy :
                    List.of(PullPolicy.IF_NOT_PRESENT, PullPolicy.NEVER, PullPolicy.ALWAYS)) {
                tries.add(() -> gets(start, Wish.of(LOW, null), policy));
            }
            tries.add(() -> gets(start, Wish.of(HIGH, login(Origin.HOST)), PullPolicy.ALWAYS));
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Boolean> got = new ArrayList<>();
                for (Future<Boolean> one : threads.invokeAll(tries)) {
                    got.add(one.get());
                }
                assertThat(got).containsExactly(false, false, false, true);
            }
        }
    }

    private boolean gets(CyclicBarrier start, Wish wish, PullPolicy policy) throws Exception {
        start.await();
        try {
            resolve(image, wish, policy);
            return true;
        } catch (FaultException e) {
            return false;
        }
    }

    @Test
    void laterRunOfACommitGetsTheBytesOfTheFirstAlsoWhenTheTagHasMoved() throws Exception {
        Wish first = Wish.of(LOW, login(Origin.HOST)).rules(PINNED, "shop 7 abc");
        String id = resolve(image, first, PullPolicy.ALWAYS);
        String digest = digest();
        registry.publish("team/app", "second");

        assertThat(resolve(image, first, PullPolicy.ALWAYS)).isEqualTo(id);
        assertThat(digest()).isEqualTo(digest);
        registry.forget(image);
        registry.forget(registry.authority() + "/team/app" + digest);
        assertThat(resolve(image, first, PullPolicy.ALWAYS)).as("fetched again").isEqualTo(id);
        Wish next = Wish.of(LOW, login(Origin.HOST)).rules(PINNED, "shop 7 def");
        assertThat(resolve(image, next, PullPolicy.ALWAYS)).as("a new commit").isNotEqualTo(id);
        assertThat(resolve(image, first, PullPolicy.ALWAYS)).isEqualTo(id);
        registry.forget(registry.authority() + "/team/app" + digest);
    }

    @Test
    void laterRunFailsWhereTheBytesOfTheFirstCannotBeHad() throws Exception {
        Wish wish = Wish.of(LOW, login(Origin.HOST)).rules(PINNED, "shop 7 abc");
        String gone = registry.authority() + "/team/app@sha256:" + "0".repeat(64);
        new SqliteImageRecords(store, "engine", InstantSource.system())
                .pin(LOW, "shop 7 abc", ImageReference.parse(image), gone);

        assertThat(refused(image, wish, PullPolicy.ALWAYS))
                .hasMessageContaining("was " + gone + " when this commit first ran in pool low")
                .hasMessageContaining("the registry has no such image")
                .hasMessageContaining("run a new commit [rule built-in/pin]")
                .extracting(FaultException::fault)
                .isEqualTo(Fault.IMAGE);
    }

    @Test
    void imageOfThisHostAloneIsHeldToItsNumber() throws Exception {
        TestImages images = new TestImages(engine, "mayfly-test-pinned");
        String name = images.busybox("moves");
        Wish wish = Wish.of(LOW, null).rules(PINNED, "shop 7 abc");
        try {
            String id = resolve(name, wish, PullPolicy.NEVER);
            assertThat(resolve(name, wish, PullPolicy.NEVER)).isEqualTo(id);
            new TestImages(engine, "mayfly-test-pinned").busybox("moves", "LABEL changed=yes");
            assertThat(refused(name, wish, PullPolicy.NEVER))
                    .hasMessageContaining("was " + id + " when this commit first ran");
        } finally {
            registry.forget(name);
        }
    }

    @Test
    void tooLargeImageIsNotFetchedToItsEnd() throws Exception {
        ImageRules small = new ImageRules(false, ImageRules.Variables.ALLOW, false, null, 100_000L);
        Wish wish = Wish.of(LOW, login(Origin.HOST)).rules(small, "");

        assertThat(refused(image, wish, PullPolicy.ALWAYS))
                .hasMessageContaining("[rule built-in/max-size]")
                .extracting(FaultException::fault)
                .isEqualTo(Fault.IMAGE);
        resolve(image, Wish.of(LOW, login(Origin.HOST)), PullPolicy.ALWAYS);
        assertThat(refused(image, wish, PullPolicy.NEVER))
                .as("nor used where it is there")
                .hasMessageContaining("MiB large")
                .hasMessageContaining("[rule built-in/max-size]");
    }

    @Test
    void oldImageIsRefusedOrToldWhereverItCameFrom() throws Exception {
        resolve(image, Wish.of(LOW, login(Origin.HOST)), PullPolicy.ALWAYS);
        clock = InstantSource.fixed(Instant.now().plus(Duration.ofDays(100)));
        ImageRules refusing =
                new ImageRules(
                        false,
                        ImageRules.Variables.ALLOW,
                        false,
                        new ImageRules.Age(Duration.ofDays(90), true),
                        null);
        Wish wish = Wish.of(LOW, null).rules(refusing, "");

        assertThat(refused(image, wish, PullPolicy.NEVER))
                .hasMessageContaining("is 100 days old, and pool low takes images up to 90");
        assertThat(refused(image, wish.poolsOwn(), PullPolicy.NEVER)).isNotNull();
    }

    @Test
    void portThatEverybodyHasIsNoOtherRegistry() throws Exception {
        assertThat(refused("registry.invalid:443/app:1", Wish.of(LOW, null), PullPolicy.NEVER))
                .hasMessageContaining("image registry.invalid:443/app:1 is not on this engine");
    }
}
