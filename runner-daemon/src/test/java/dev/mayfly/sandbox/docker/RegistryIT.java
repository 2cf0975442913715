package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.TestRegistry;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.RegistryLogin.Origin;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.ImageTerms;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Images of a real registry that wants a password. Needs an engine and docker-registry. */
@Timeout(120)
class RegistryIT {

    private static final Pulls.Pace QUICK =
            new Pulls.Pace(
                    Duration.ofMillis(200),
                    List.of(Duration.ofMillis(100), Duration.ofMillis(100)));

    @TempDir private static Path directory;

    private static TestRegistry registry;
    private static DockerEngine engine;
    private static String image = "";

    private final List<String> notices = new CopyOnWriteArrayList<>();
    private final List<UsedImage> used = new CopyOnWriteArrayList<>();
    private final Notices listener =
            new Notices() {
                @Override
                public void notice(String text) {
                    notices.add(text);
                }

                @Override
                public void uses(UsedImage one) {
                    used.add(one);
                }
            };

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        registry = new TestRegistry(Files.createDirectory(directory.resolve("one"))).start();
        image = registry.publish("team/app");
        engine = new DockerEngine(Fixture.HOST, Fixture.BOUNDS);
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        engine.close();
        registry.close();
    }

    @AfterEach
    void forget() throws IOException, InterruptedException {
        registry.forget(image);
    }

    @Test
    void rightLoginGetsTheImageAndTheDigestIsToldAndKept() throws InterruptedException {
        EngineImage found = resolve(image, List.of(), login(registry.authority(), Origin.HOST));

        assertThat(found.id()).startsWith("sha256:");
        assertThat(notices)
                .first()
                .asString()
                .startsWith("pulling image " + image)
                .endsWith(
                        "with the login for "
                                + registry.authority()
                                + " of this host's configuration");
        assertThat(notices)
                .last()
                .asString()
                .matches(
                        "image \\Q"
                                + image
                                + "\\E is \\Q"
                                + repository(image)
                                + "\\E@sha256:[0-9a-f]{64}");
        assertThat(used)
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.reference()).isEqualTo(image);
                    assertThat(notices.getLast()).endsWith(one.identity());
                });
    }

    @Test
    void imageThatIsThereIsStillAskedForWithTheJobsLogin() throws InterruptedException {
        resolve(image, List.of(), login(registry.authority(), Origin.SERVER));

        FaultException refused = refused(image, wrong(registry.authority(), Origin.SERVER));

        assertThat(refused).hasMessageContaining("refuses the login");
        // An author who says so takes what is there.
        resolve(
                image,
                List.of(PullPolicy.IF_NOT_PRESENT),
                wrong(registry.authority(), Origin.SERVER));
    }

    @Test
    void registryThatDoesNotAnswerFailsPolicyAlwaysAlsoWhereTheImageIsThere()
            throws InterruptedException {
        resolve(image, List.of(), login(registry.authority(), Origin.SERVER));

        assertThatThrownBy(() -> resolve(image, List.of(PullPolicy.ALWAYS)))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(
                        "it is on this engine, and pull policy always does not use it without asking the registry");
        // Each is tried where the one before has failed.
        resolve(image, List.of(PullPolicy.ALWAYS, PullPolicy.IF_NOT_PRESENT));
    }

    @Test
    void mostSpecificPathWinsAndThenTheJobsOwnVariable() throws InterruptedException {
        resolve(
                image,
                List.of(),
                wrong(registry.authority(), Origin.VARIABLE),
                login(registry.authority() + "/team", Origin.SERVER),
                wrong(registry.authority() + "/tea", Origin.VARIABLE));
        assertThat(notices.getFirst())
                .endsWith("for " + registry.authority() + "/team of the job's server");

        resolve(
                image,
                List.of(PullPolicy.ALWAYS),
                wrong(registry.authority(), Origin.SERVER),
                wrong(registry.authority(), Origin.HOST),
                login(registry.authority(), Origin.VARIABLE));
    }

    @Test
    void withoutALoginTheRegistryIsSaidToWantOne() {
        assertThat(refused(image))
                .hasMessageStartingWith(
                        "image %s could not be pulled from %s: the registry wants a login, and there is none ("
                                .formatted(image, registry.authority()))
                .hasMessageContaining("give a login for " + registry.authority())
                .extracting(FaultException::fault)
                .isEqualTo(Fault.IMAGE);
        assertThat(notices).as("no other attempt").hasSize(1);
    }

    @Test
    void wrongPasswordIsRefusedAndSaidNowhere() {
        assertThat(refused(image, wrong(registry.authority(), Origin.VARIABLE)))
                .hasMessageContaining("the registry refuses the login")
                .hasMessageContaining("of the job's DOCKER_AUTH_CONFIG")
                .hasMessageContaining("check its user and password")
                .hasMessageNotContaining("wrong-password")
                .extracting(FaultException::fault)
                .isEqualTo(Fault.IMAGE);
        assertThat(String.join("\n", notices)).doesNotContain("wrong-password");
    }

    @Test
    void imageThatIsNotThereIsToldFromOneThatIsRefused() {
        RegistryLogin login = login(registry.authority(), Origin.SERVER);
        for (String missing :
                List.of(repository(image) + ":2", registry.authority() + "/team/other:1")) {
            assertThat(refused(missing, login))
                    .hasMessageContaining("the registry has no such image")
                    .hasMessageContaining("check its name and tag")
                    .extracting(FaultException::fault)
                    .isEqualTo(Fault.IMAGE);
        }
    }

    @Test
    void imageForAnotherPlatformIsSaidToBeOne() throws Exception {
        String other = registry.forMainframes(image);

        assertThat(refused(other, login(registry.authority(), Origin.SERVER)))
                .hasMessageContaining("not built for this host's platform")
                .extracting(FaultException::fault)
                .isEqualTo(Fault.IMAGE);
    }

    @Test
    void nameThatIsNoneIsToldAsSuch() {
        for (String name :
                List.of(
                        "",
                        "Team",
                        registry.authority() + "/Team/App:1",
                        "a b",
                        "app:",
                        "/app",
                        "a//b")) {
            assertThat(refused(name))
                    .hasMessageContaining("\"" + name + "\" is no name of an image: it ")
                    .extracting(FaultException::fault)
                    .isEqualTo(Fault.IMAGE);
        }
    }

    @Test
    void registryThatIsDownIsTriedAsOftenAsThePaceSays() {
        assertThat(refused("127.0.0.1:1/team/app:1"))
                .hasMessageContaining("the registry cannot be reached")
                .hasMessageContaining("127.0.0.1:1")
                .extracting(FaultException::fault)
                .isEqualTo(Fault.REGISTRY);
        assertThat(notices.subList(1, notices.size()))
                .hasSize(2)
                .allMatch(line -> line.contains("trying again in"))
                .last()
                .asString()
                .endsWith("attempt 3 of 3");
    }

    @Test
    void registryThatComesBackIsPulledFrom() throws Exception {
        TestRegistry late = new TestRegistry(Files.createDirectory(directory.resolve("late")));
        try {
            String wanted = late.start().publish("team/late");
            late.stop();
            Notices starter =
                    text -> {
                        notices.add(text);
                        if (text.contains("trying again")) {
                            started(late);
                        }
                    };
            store(engine)
                    .resolve(
                            new ImageSpec(wanted, List.of()),
                            request(login(late.authority(), Origin.SERVER)),
                            starter);
        } finally {
            late.close();
        }
        assertThat(notices).anyMatch(line -> line.contains("the registry cannot be reached"));
        assertThat(notices.getLast()).contains("@sha256:");
    }

    @Test
    void registryThatDoesNotAnswerIsWaitedForWithAWordNowAndThenUpToTheBound() throws Exception {
        DockerSettings.Bounds bounds =
                new DockerSettings.Bounds(
                        Fixture.BOUNDS.call(),
                        Duration.ofSeconds(2),
                        Fixture.BOUNDS.grace(),
                        Fixture.BOUNDS.lifetime(),
                        Fixture.BOUNDS.serviceStart());
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                DockerEngine hasty = new DockerEngine(Fixture.HOST, bounds)) {
            String wanted = "127.0.0.1:" + silent.getLocalPort() + "/team/app:1";
            FaultException late =
                    catchThrowableOfType(
                            FaultException.class,
                            () ->
                                    store(hasty)
                                            .resolve(
                                                    new ImageSpec(wanted, List.of()),
                                                    request(),
                                                    listener));

            assertThat(late)
                    .hasMessageContaining("was not there after 2 s")
                    .hasMessageContaining("engine.pull_timeout")
                    .extracting(FaultException::fault)
                    .isEqualTo(Fault.REGISTRY);
        }
        assertThat(notices.stream().filter(line -> line.endsWith("waiting for the registry")))
                .as("one each 200 ms of 2 s")
                .hasSizeBetween(2, 10);
    }

    private EngineImage resolve(String wanted, List<PullPolicy> policies, RegistryLogin... logins)
            throws InterruptedException {
        notices.clear();
        used.clear();
        return store(engine)
                .resolve(
                        new ImageSpec(wanted, List.of(), null, policies),
                        request(logins),
                        listener);
    }

    private static ImageStore store(DockerEngine engine) {
        return new ImageStore(engine, QUICK, Fixture.NO_RECORDS, InstantSource.system());
    }

    private static ImageRequest request(RegistryLogin... logins) {
        return new ImageRequest(new PoolName("trusted"), List.of(logins), ImageTerms.NONE, false);
    }

    private FaultException refused(String wanted, RegistryLogin... logins) {
        return catchThrowableOfType(FaultException.class, () -> resolve(wanted, List.of(), logins));
    }

    private static void started(TestRegistry late) throws InterruptedException {
        try {
            late.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String repository(String name) {
        return name.substring(0, name.lastIndexOf(':'));
    }

    private static RegistryLogin login(String path, Origin origin) {
        return login(path, TestRegistry.PASSWORD, origin);
    }

    private static RegistryLogin wrong(String path, Origin origin) {
        return login(path, "wrong-password", origin);
    }

    private static RegistryLogin login(String path, String password, Origin origin) {
        return new RegistryLogin(
                path,
                TestRegistry.USER,
                new SecretValue(password.getBytes(StandardCharsets.UTF_8)),
                origin);
    }
}
