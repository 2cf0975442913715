package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.OtherEngine;
import dev.mayfly.egress.Connection;
import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.egress.EgressRule;
import dev.mayfly.egress.Gateway;
import dev.mayfly.egress.KnownDestinations;
import dev.mayfly.egress.Outside;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Barrier;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Jobs in each runtime that Debian has, on an engine of the test's own. Needs crun, runsc and the
 * agent image.
 */
@Timeout(240)
class RuntimesIT {

    private static final PoolName POOL = new PoolName("untrusted");

    /** What the agent image can serve with. */
    private static final String SERVER =
            "socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(8000, INADDR_ANY));"
                    + " listen(S, 5); $SIG{PIPE} = q(IGNORE); while (accept(C, S)) { sysread C, $_, 4096;"
                    + " syswrite C, \"HTTP/1.0 200 OK\\r\\n\\r\\nserved\\n\"; close C }";

    private static OtherEngine other;
    private static DockerEngine engine;
    private static final Fixture FIXTURE = new Fixture();

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException, InterruptedException {
        // gVisor's own network stack finds no interface in a network of ours, so it uses the host's
        // stack, inside the container's name space.
        Path runtimes =
                Files.writeString(
                        folder.resolve("daemon.json"),
                        """
                        {"runtimes": {
                          "crun": {"path": "crun"},
                          "runsc": {"path": "runsc", "runtimeArgs": ["--network=host"]}
                        }}
                        """);
        other = OtherEngine.start(Fixture.AGENT_IMAGE, "--config-file", runtimes.toString());
        engine = new DockerEngine(other.host(), Fixture.BOUNDS);
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        engine.close();
        other.close();
        FIXTURE.close();
    }

    private static Hardening in(String runtime) {
        return new Hardening(true, Hardening.User.NON_ROOT, "", new Barrier(runtime, "", false));
    }

    private static DockerSandboxBackend backend(Barrier barrier) {
        return new DockerSandboxBackend(
                engine,
                new DockerSettings(
                        other.host(),
                        Fixture.AGENT_IMAGE,
                        "it-runtimes",
                        new LifeId("life-1"),
                        Fixture.BOUNDS,
                        0),
                new Fixture.MemoryIntents(),
                Fixture.NO_RECORDS,
                Map.of(POOL, barrier));
    }

    private static void destroy(DockerSandboxBackend backend, JobId job)
            throws InterruptedException {
        assertThat(backend.destroy(job)).isNotEmpty().allMatch(Receipt.Disposal::verified);
        assertThat(backend.destroy(job)).allMatch(Receipt.Disposal::verified);
    }

    @ParameterizedTest
    @ValueSource(strings = {"runc", "crun", "runsc"})
    void jobRunsItsStepsAndIsConfined(String runtime) throws InterruptedException {
        DockerSandboxBackend backend = backend(new Barrier(runtime, "", false));
        assertThat(backend.unhealthyBecause(POOL)).isEmpty();
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), in(runtime));
        try {
            Sandbox sandbox = backend.create(spec, text -> {});
            Fixture.Result result =
                    Fixture.run(
                            sandbox,
                            Fixture.shell(
                                    Map.of("GREETING", "hello"),
                                    "echo \"$GREETING $(id -u) $(cd /workspace && pwd)\"",
                                    "echo in-tmp > /tmp/x && cat /tmp/x",
                                    "! touch /etc/x 2>/dev/null && echo read-only",
                                    "grep -c . /proc/net/route || true",
                                    "exit 7"));
            assertThat(result.output()).contains("hello 1000 /workspace", "in-tmp", "read-only");
            assertThat(result.end()).isEqualTo(new StepEnd.Exited(7));
            String kernel = Fixture.run(sandbox, "uname -r").output().strip();
            boolean own = runtime.equals("runsc");
            assertThat(kernel.equals(System.getProperty("os.version"))).isEqualTo(!own);
        } finally {
            destroy(backend, spec.job());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runsc"})
    void serviceIsReachedByItsName(String runtime) throws InterruptedException {
        DockerSandboxBackend backend = backend(new Barrier(runtime, "", false));
        ServiceSpec service =
                new ServiceSpec(
                        new ImageSpec(
                                Fixture.AGENT_IMAGE, List.of("perl", "-MSocket", "-e", SERVER)),
                        List.of("web"),
                        List.of(),
                        Map.of());
        SandboxSpec spec =
                Fixture.with(
                        Fixture.with(FIXTURE.spec(), in(runtime)), NetworkAccess.NONE, service);
        List<String> notices = new CopyOnWriteArrayList<>();
        try {
            Sandbox sandbox = backend.create(spec, notices::add);
            Fixture.Result result =
                    Fixture.run(
                            sandbox,
                            "for i in 1 2 3 4 5 6 7 8 9 10; do",
                            "curl -sS http://web:8000/ | grep served && exit 0",
                            "sleep 1; done; exit 1");
            assertThat(result.end())
                    .as("%s; notices %s", result.output(), notices)
                    .isEqualTo(new StepEnd.Exited(0));
        } finally {
            destroy(backend, spec.job());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runsc"})
    void listedNameIsReachedThroughTheRelay(String runtime) throws Exception {
        DockerSandboxBackend backend = backend(new Barrier(runtime, "", false));
        SandboxSpec plain =
                Fixture.with(Fixture.with(FIXTURE.spec(), in(runtime)), NetworkAccess.FULL);
        List<Connection> connections = new CopyOnWriteArrayList<>();
        try (Outside outside = Outside.plain();
                Gateway gateway =
                        new Gateway(
                                name -> List.of(Outside.host()),
                                (_, _, connection) -> connections.add(connection),
                                KnownDestinations.NONE)) {
            EgressPolicy policy =
                    new EgressPolicy(
                            EgressPolicy.Mode.ALLOW,
                            List.of(
                                    EgressRule.parse("good.example:" + outside.port()),
                                    EgressRule.parse(
                                            Outside.host().getHostAddress()
                                                    + ":"
                                                    + outside.port())),
                            false,
                            8);
            Outlet outlet =
                    gateway.open(
                            policy,
                            new Gateway.Traveller(plain.job(), plain.pool(), "project"),
                            null,
                            text -> {});
            Sandbox sandbox = backend.create(EgressIT.with(plain, outlet), text -> {});
            String get = "curl -sS -m 10 -o /dev/null -w '%{http_code}\\n' http://";
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            get + "good.example:" + outside.port() + "/",
                                            get + "evil.example:" + outside.port() + "/")
                                    .output())
                    .isEqualTo("200\n403\n");
            assertThat(connections).hasSize(2);
        } finally {
            destroy(backend, plain.job());
        }
    }

    @Test
    void stepThatTakesTooLongIsEndedInGvisorToo() throws InterruptedException {
        DockerSandboxBackend backend = backend(new Barrier("runsc", "", false));
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), in("runsc"));
        try {
            Sandbox sandbox = backend.create(spec, text -> {});
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            Fixture.shell("sleep 600"),
                                            Duration.ofSeconds(2),
                                            new Cancellation())
                                    .end())
                    .isEqualTo(new StepEnd.TimedOut());
        } finally {
            destroy(backend, spec.job());
        }
    }

    @Test
    void runtimeThatTheEngineDoesNotHaveIsNamedWithTheCure() throws InterruptedException {
        assertThat(backend(new Barrier("kata", "", false)).unhealthyBecause(POOL).orElseThrow())
                .contains("pool untrusted wants the runtime kata", "crun", "runsc", "daemon.json");
    }

    @Test
    void engineWithoutUserNamespacesIsNotGivenJobsThatWantThem() throws InterruptedException {
        assertThat(backend(new Barrier("", "", true)).unhealthyBecause(POOL).orElseThrow())
                .contains("pool untrusted wants user namespaces", "userns-remap");
    }
}
