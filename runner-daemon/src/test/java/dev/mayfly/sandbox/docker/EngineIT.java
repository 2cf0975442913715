package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.PoolName;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine itself, and engines that are not well. Needs an engine and the agent image. */
@Timeout(60)
class EngineIT {

    private static final PoolName POOL = new PoolName("trusted");

    private static final DockerSettings.Bounds SHORT =
            new DockerSettings.Bounds(
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(1),
                    Duration.ofMinutes(1),
                    Duration.ofSeconds(1));

    private static DockerSettings settings(URI host, String agentImage) {
        return settings(host, agentImage, 0);
    }

    private static DockerSettings settings(URI host, String agentImage, long minFree) {
        return new DockerSettings(host, agentImage, "it-engine", new LifeId("l"), SHORT, minFree);
    }

    private static DockerSandboxBackend backend(DockerEngine engine, URI host, String agentImage) {
        return new DockerSandboxBackend(
                engine,
                settings(host, agentImage),
                new Fixture.MemoryIntents(),
                Fixture.NO_RECORDS);
    }

    @Test
    void reportTellsWhatTheEngineIs() throws InterruptedException {
        try (DockerEngine engine = new DockerEngine(Fixture.HOST, Fixture.BOUNDS)) {
            EngineReport report =
                    EngineReport.of(engine, settings(Fixture.HOST, Fixture.AGENT_IMAGE), Map.of());
            assertThat(report).isInstanceOf(EngineReport.Reachable.class);
            EngineReport.Reachable reachable = (EngineReport.Reachable) report;
            assertThat(reachable.facts().software().version()).matches("\\d+\\.\\d+.*");
            assertThat(reachable.facts().software().api().spoken()).matches("1\\.4[1-4]");
            assertThat(reachable.facts().software().runtimes().names()).contains("runc");
            assertThat(reachable.facts().limits().cgroupVersion()).isIn("1", "2");
            assertThat(reachable.facts().isolation().seccomp()).isTrue();
            assertThat(reachable.facts().storage().driver()).isNotBlank();
            assertThat(reachable.facts().storage().root()).startsWith("/");
            assertThat(reachable.agentImagePresent()).isTrue();
            assertThat(reachable.facts().clockAhead().abs()).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void engineWhoseDiskIsFullIsIllAndSaysWhatToDo() throws InterruptedException {
        try (DockerEngine engine = new DockerEngine(Fixture.HOST, Fixture.BOUNDS)) {
            assertThat(
                            new DockerSandboxBackend(
                                            engine,
                                            settings(
                                                    Fixture.HOST,
                                                    Fixture.AGENT_IMAGE,
                                                    Long.MAX_VALUE),
                                            new Fixture.MemoryIntents(),
                                            Fixture.NO_RECORDS)
                                    .unhealthyBecause(POOL))
                    .hasValueSatisfying(reason ->
                            assertThat(reason).contains("MiB are free below /", "engine.min_free"));
            assertThat(
                            new DockerSandboxBackend(
                                            engine,
                                            settings(Fixture.HOST, Fixture.AGENT_IMAGE, 1),
                                            new Fixture.MemoryIntents(),
                                            Fixture.NO_RECORDS)
                                    .unhealthyBecause(POOL))
                    .isEmpty();
        }
    }

    @Test
    void engineWithTheAgentImageIsHealthyAndOneWithoutIsNot() throws InterruptedException {
        try (DockerEngine engine = new DockerEngine(Fixture.HOST, Fixture.BOUNDS)) {
            assertThat(backend(engine, Fixture.HOST, Fixture.AGENT_IMAGE).unhealthyBecause(POOL))
                    .isEmpty();
            assertThat(
                            backend(engine, Fixture.HOST, "mayfly/no-such-agent:1")
                                    .unhealthyBecause(POOL)
                                    .orElseThrow())
                    .contains("mayfly/no-such-agent:1 is not on the engine", "make image");
        }
    }

    @Test
    void engineThatIsNotThereIsNamed() throws InterruptedException {
        URI nowhere = URI.create("unix:///nonexistent/docker.sock");
        try (DockerEngine engine = new DockerEngine(nowhere, SHORT)) {
            assertThat(backend(engine, nowhere, "x").unhealthyBecause(POOL).orElseThrow())
                    .contains("the engine at unix:///nonexistent/docker.sock failed");
            assertThat(EngineReport.of(engine, settings(nowhere, "x"), Map.of()))
                    .isInstanceOf(EngineReport.Unreachable.class);
        }
    }

    @Test
    void engineThatDoesNotAnswerIsGivenUpInTime() throws IOException {
        try (ServerSocket silent = new ServerSocket(0)) {
            URI host = URI.create("tcp://127.0.0.1:" + silent.getLocalPort());
            try (DockerEngine engine = new DockerEngine(host, SHORT)) {
                long before = System.nanoTime();
                assertThatThrownBy(() -> engine.call("trying", c -> c.pingCmd().exec()))
                        .isInstanceOf(FaultException.class)
                        .hasMessageContaining("did not answer within 1 s while trying")
                        .extracting(e -> ((FaultException) e).fault())
                        .isEqualTo(Fault.ENGINE);
                assertThat(Duration.ofNanos(System.nanoTime() - before))
                        .isLessThan(Duration.ofSeconds(5));
                // The first call must not hold up those that come after it.
                assertThatThrownBy(() -> engine.call("trying again", c -> c.pingCmd().exec()))
                        .hasMessageContaining("did not answer within 1 s while trying again");
            }
        }
    }

    @Test
    void callThatIsInterruptedEndsAtOnce() throws IOException, InterruptedException {
        try (ServerSocket silent = new ServerSocket(0)) {
            URI host = URI.create("tcp://127.0.0.1:" + silent.getLocalPort());
            try (DockerEngine engine = new DockerEngine(host, Fixture.BOUNDS)) {
                Thread caller =
                        Thread.ofVirtual()
                                .start(() -> {
                                    try {
                                        engine.call("waiting", c -> c.pingCmd().exec());
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
                silent.setSoTimeout(10_000);
                try (Socket _ = silent.accept()) {
                    caller.interrupt();
                    assertThat(caller.join(Duration.ofSeconds(5))).isTrue();
                }
            }
        }
    }
}
