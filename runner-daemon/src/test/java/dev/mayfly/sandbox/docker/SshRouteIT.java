package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.OtherHost;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Receipt;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The host's engine behind a real ssh server. Needs an engine with a socket on this host, the agent
 * image, and ssh's client and server.
 */
@Timeout(120)
class SshRouteIT {

    private static final DockerSettings.Bounds BOUNDS =
            new DockerSettings.Bounds(
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(1),
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(5));

    // Not the build's folder: the path of a socket has to be short.
    private Path folder;
    private OtherHost host;

    @BeforeEach
    void start() throws Exception {
        folder = Files.createTempDirectory("mayfly-ssh-");
        host = OtherHost.start(folder);
    }

    @AfterEach
    void stop() throws Exception {
        host.close();
        assertThat(clients()).isEmpty();
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private DockerEngine engine() {
        return DockerEngine.through(
                new SshRoute(
                        host.engine(Path.of(Fixture.HOST.getPath())),
                        host.configuration(),
                        folder.resolve("to-engine"),
                        BOUNDS.call()),
                BOUNDS);
    }

    /** Processes of ssh that forward our socket. */
    private List<ProcessHandle> clients() {
        return ProcessHandle.allProcesses()
                .filter(process ->
                        process.info().command().orElse("").endsWith("/ssh")
                                && process.info()
                                        .commandLine()
                                        .orElse("")
                                        .contains(folder + "/to-engine"))
                .toList();
    }

    @Test
    void jobRunsOnAnEngineBehindSsh() throws Exception {
        Fixture fixture = new Fixture();
        try (DockerEngine engine = engine()) {
            DockerSandboxBackend backend =
                    new DockerSandboxBackend(
                            engine,
                            new DockerSettings(
                                    engine.host(),
                                    Fixture.AGENT_IMAGE,
                                    fixture.daemon,
                                    new LifeId("l"),
                                    BOUNDS,
                                    0),
                            fixture.intents,
                            Fixture.NO_RECORDS);
            SandboxSpec spec = fixture.spec();
            assertThat(backend.unhealthyBecause(spec.pool())).isEmpty();
            try {
                Sandbox sandbox = backend.create(spec, text -> {});
                Fixture.Result result =
                        Fixture.run(sandbox, "head -c 3000000 /dev/zero | wc -c", "exit 3");
                assertThat(result)
                        .isEqualTo(new Fixture.Result(new StepEnd.Exited(3), "3000000\n"));
            } finally {
                assertThat(backend.destroy(spec.job())).allMatch(Receipt.Disposal::verified);
            }
            assertThat(clients()).hasSize(1);
        } finally {
            fixture.assertNothingLeft();
            fixture.close();
        }
        Eventually.holds("ssh has ended", Duration.ofSeconds(40), () -> clients().isEmpty());
    }

    @Test
    void hostWithAnotherKeyThanTheKnownOneIsNotSpokenTo() throws Exception {
        host.knows("stranger");
        refused("Host key verification failed");
    }

    @Test
    void hostThatIsNotKnownIsNotSpokenTo() throws Exception {
        Files.writeString(folder.resolve("known_hosts"), "");
        refused("Host key verification failed");
    }

    @Test
    void hostThatDoesNotLetUsInIsNamedWithTheCure() throws Exception {
        host.configure("stranger");
        refused("Permission denied (publickey)");
    }

    private void refused(String because) {
        try (DockerEngine engine = engine()) {
            assertThatThrownBy(engine::version)
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("the engine at ssh://")
                    .hasMessageContaining("ssh said: ")
                    .hasMessageContaining(because)
                    .hasMessageContaining("try as this user: ssh -F ");
        }
    }

    @Test
    void wayThatEndsIsMadeAgain() throws Exception {
        try (DockerEngine engine = engine()) {
            engine.call("answering", client -> client.pingCmd().exec());
            host.stop();
            Eventually.holds("the way is gone", Duration.ofSeconds(40), () -> !answers(engine));
            host.startAgain();
            Eventually.holds(
                    "the way is there again", Duration.ofSeconds(40), () -> answers(engine));
            clients().forEach(ProcessHandle::destroyForcibly);
            Eventually.holds(
                    "another client has come", Duration.ofSeconds(40), () -> answers(engine));
        }
    }

    private static boolean answers(DockerEngine engine) throws InterruptedException {
        try {
            engine.call("answering", client -> client.pingCmd().exec());
            return true;
        } catch (FaultException e) {
            return false;
        }
    }

    @Test
    void pathTooLongForASocketIsNamed() {
        Path deep = Path.of("/" + "x".repeat(100), "to-engine");
        try (DockerEngine engine =
                DockerEngine.through(
                        new SshRoute(
                                host.engine(Path.of("/x")),
                                host.configuration(),
                                deep,
                                BOUNDS.call()),
                        BOUNDS)) {
            assertThatThrownBy(engine::version).hasMessageContaining("daemon.state_dir");
        }
    }
}
