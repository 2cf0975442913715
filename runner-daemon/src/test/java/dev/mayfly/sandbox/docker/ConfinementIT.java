package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.HostConfig;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the engine and the kernel say about the containers of a running job. Needs an engine, the
 * docker command line, the agent image and a static busybox.
 */
@Timeout(120)
class ConfinementIT {

    private static final Fixture FIXTURE = new Fixture();
    private static final String CANARY = "canary-3f9d0c";

    @BeforeAll
    static void build() throws InterruptedException {
        FIXTURE.images.busybox("db", "CMD [\"sleep\", \"1000\"]");
    }

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        FIXTURE.assertNothingLeft();
    }

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private static SandboxSpec fullSpec() {
        ServiceSpec service =
                new ServiceSpec(
                        "mayfly-test-" + FIXTURE.daemon + "/db:1",
                        "db",
                        List.of(),
                        Map.of("DB_PASSWORD", CANARY + "-service"));
        return Fixture.with(
                Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, service), Checkout.OFFLINE);
    }

    /** Section 5 of the CIS Docker Benchmark, as docker-bench-security checks it. */
    private static void assertBenchPasses(InspectContainerResponse container) {
        HostConfig host = Objects.requireNonNull(container.getHostConfig());
        List<String> options = Objects.requireNonNull(host.getSecurityOpts());
        assertThat(options).as("5.3 security options are set").isNotEmpty();
        assertThat(host.getPrivileged()).as("5.5 not privileged").isFalse();
        assertThat(Objects.requireNonNull(container.getMounts()))
                .as("5.6 no sensitive directory of the host, 5.32 no engine socket")
                .allSatisfy(mount -> {
                    assertThat(mount.getName()).startsWith("mayfly-");
                    assertThat(mount.getSource()).doesNotContain("docker.sock");
                });
        assertThat(container.getNetworkSettings().getPorts().getBindings())
                .as("5.8, 5.9, 5.14 no port of the host")
                .allSatisfy((port, bindings) -> assertThat(bindings).isNullOrEmpty());
        assertThat(host.getNetworkMode()).as("5.10 not the host's network").isNotEqualTo("host");
        assertThat(host.getMemory()).as("5.11 memory limit").isPositive();
        assertThat(host.getCpuShares()).as("5.12 processor shares").isPositive();
        assertThat(host.getNanoCPUs()).as("5.12 processor limit").isPositive();
        assertThat(host.getRestartPolicy().getMaximumRetryCount())
                .as("5.15 at most 5 restarts")
                .isLessThanOrEqualTo(5);
        assertThat(host.getRestartPolicy().getName()).as("5.15 no restart at all").isIn("", "no");
        assertThat(host.getPidMode()).as("5.16 own processes").isNotEqualTo("host");
        assertThat(host.getIpcMode()).as("5.17 own IPC").isEqualTo("private");
        assertThat(host.getDevices()).as("5.18 no devices").isNullOrEmpty();
        assertThat(host.getUlimits()).as("5.19 limits are set").isNotEmpty();
        assertThat(host.getUtSMode()).as("5.21 own host name").isNotEqualTo("host");
        assertThat(options).as("5.22 seccomp").noneMatch(o -> o.contains("unconfined"));
        assertThat(host.getCgroupParent()).as("5.25 usual cgroup").isNullOrEmpty();
        assertThat(options).as("5.26 no new privileges").contains("no-new-privileges");
        assertThat(Objects.requireNonNull(container.getState().getHealth()).getStatus())
                .as("5.27 health check")
                .isNotEmpty();
        assertThat(host.getPidsLimit()).as("5.29 process limit").isPositive();
        assertThat(container.getNetworkSettings().getNetworks())
                .as("5.30 not docker0")
                .doesNotContainKey("bridge");
        assertThat(host.getUsernsMode()).as("5.31 not the host's users").isNotEqualTo("host");
        assertThat(host.getLogConfig().getType().getType())
                .as("no log on the disk")
                .isEqualTo("none");
        assertThat(host.getCgroupnsMode()).isEqualTo("private");
    }

    @Test
    void everyContainerOfARunningJobPassesTheBenchAndShowsNothingOfTheJob()
            throws InterruptedException, IOException {
        SandboxSpec spec = fullSpec();
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            InspectContainerResponse job = FIXTURE.inspect(spec.job(), Role.JOB);
            InspectContainerResponse helper = FIXTURE.inspect(spec.job(), Role.HELPER);
            InspectContainerResponse service = FIXTURE.inspect(Role.SERVICE.nameFor(spec.job(), 0));
            for (InspectContainerResponse container : List.of(job, helper, service)) {
                assertBenchPasses(container);
            }
            assertThat(job.getHostConfig().getReadonlyRootfs()).as("5.13").isTrue();
            assertThat(helper.getHostConfig().getReadonlyRootfs()).as("5.13").isTrue();
            assertThat(job.getHostConfig().getCapAdd()).as("5.4").isNullOrEmpty();
            assertThat(job.getConfig().getLabels())
                    .containsEntry("dev.mayfly.daemon", FIXTURE.daemon)
                    .containsEntry("dev.mayfly.life", "life-1")
                    .containsEntry("dev.mayfly.job", spec.job().value())
                    .containsEntry("dev.mayfly.pool", "untrusted")
                    .containsEntry("dev.mayfly.role", "job");

            assertNothingOfTheJobIsShownWhileItRuns(spec, sandbox);
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    private static void assertNothingOfTheJobIsShownWhileItRuns(SandboxSpec spec, Sandbox sandbox)
            throws InterruptedException, IOException {
        Step step =
                new Step(
                        "script",
                        Step.Place.JOB,
                        new Step.Program.Shell(
                                List.of(
                                        "echo " + CANARY + "-script $V; cat /run/secrets/f",
                                        "read wait")),
                        Map.of("V", CANARY + "-variable"),
                        List.of(Fixture.file("f", CANARY + "-file")),
                        null);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StringBuilder shown = new StringBuilder();
        sandbox.run(
                step,
                (bytes, offset, length) -> {
                    output.write(bytes, offset, length);
                    if (shown.isEmpty()) {
                        shown.append(inspectedByPeople(spec));
                    }
                },
                Duration.ofSeconds(30),
                new Cancellation());
        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains(CANARY + "-variable", CANARY + "-file", CANARY + "-script");
        assertThat(shown).contains(spec.job().value()).doesNotContain(CANARY);
        assertThat(shown).as("5.20 no shared propagation").doesNotContain("shared\"");
    }

    private static String inspectedByPeople(SandboxSpec spec) {
        try {
            Process docker =
                    new ProcessBuilder(
                                    "docker",
                                    "inspect",
                                    Role.JOB.nameFor(spec.job()),
                                    Role.HELPER.nameFor(spec.job()),
                                    Role.SERVICE.nameFor(spec.job(), 0),
                                    Role.WORKSPACE.nameFor(spec.job()),
                                    Role.NETWORK.nameFor(spec.job()))
                            .redirectErrorStream(true)
                            .start();
            String shown =
                    new String(docker.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(docker.waitFor(10, TimeUnit.SECONDS)).isTrue();
            return shown;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void readerOfASealedSandboxHasNothingButTheWorkspaceAndCannotWriteToIt()
            throws InterruptedException {
        SandboxSpec spec = fullSpec();
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            Fixture.run(sandbox, "echo kept >file; chmod 600 file");
            sandbox.seal();
            sandbox.seal();
            InspectContainerResponse reader = FIXTURE.inspect(spec.job(), Role.READER);
            assertBenchPasses(reader);
            assertThat(reader.getHostConfig().getReadonlyRootfs()).isTrue();
            assertThat(reader.getHostConfig().getNetworkMode()).isEqualTo("none");
            assertThat(Objects.requireNonNull(reader.getMounts()))
                    .singleElement()
                    .satisfies(mount -> {
                        assertThat(mount.getName()).isEqualTo(Role.WORKSPACE.nameFor(spec.job()));
                        assertThat(mount.getRW()).isFalse();
                    });
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            Fixture.inHelper(
                                                    "pwd; id -u; cat /workspace/src/file",
                                                    "touch /workspace/src/new || echo refused",
                                                    "ls /run/secrets /sys/class/net"))
                                    .output())
                    .startsWith("/\n1000\nkept\n")
                    .contains("refused\n")
                    .doesNotContain("eth0");
            assertThatThrownBy(() -> Fixture.run(sandbox, "true"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("has been ended");
            assertThat(FIXTURE.leftovers()).noneMatch(left -> left.endsWith("-job"));
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void kernelAgreesAboutTheDefaultJob() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            String said =
                    Fixture.run(
                                    sandbox,
                                    "grep -E 'Uid|CapEff|CapBnd|CapPrm|NoNewPrivs|Seccomp:' /proc/self/status | tr '\\t' ' '",
                                    "touch /x 2>&1 || true",
                                    "touch /run/mayfly/x && chmod +x /run/mayfly/x && (/run/mayfly/x 2>&1 || true)",
                                    "ls /var/run/docker.sock 2>&1 || true",
                                    "ls /dev | tr '\\n' ' '; echo",
                                    "cat /proc/self/limits | grep -E 'open files|core' | tr -s ' '",
                                    "printf '#!/bin/sh\\necho from tmp\\n' > /tmp/p; chmod +x /tmp/p; /tmp/p",
                                    "ls /sys/class/net")
                            .output();
            assertThat(said)
                    .contains("Uid: 1000 1000 1000 1000")
                    .contains("CapEff: 0000000000000000")
                    .contains("CapBnd: 0000000000000000")
                    .contains("CapPrm: 0000000000000000")
                    .contains("NoNewPrivs: 1")
                    .contains("Seccomp: 2")
                    .contains("'/x': Read-only file system")
                    .contains("/run/mayfly/x: Permission denied")
                    .contains("cannot access '/var/run/docker.sock'")
                    .contains("Max core file size 0 0 bytes")
                    .contains("Max open files 1024 1024 files")
                    .contains("from tmp\n")
                    .endsWith("lo\n");
            assertThat(said).doesNotContain(" sda", " vda", " kmsg", " mem ");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void rootOfAnImageKeepsOnlyWhatIsListed() throws InterruptedException {
        String image = FIXTURE.images.busybox("root");
        SandboxSpec spec = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7
            assertThat(Fixture.run(sandbox, "grep -E 'Cap(Eff|Bnd)' /proc/self/status").output())
                    .isEqualTo("CapEff:\t00000000000000fb\nCapBnd:\t00000000000000fb\n");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void poolsOwnSeccompProfileForbidsMore() throws InterruptedException {
        String profile =
                """
                {"defaultAction":"SCMP_ACT_ALLOW",
                 "syscalls":[{"names":["symlink","symlinkat"],"action":"SCMP_ACT_ERRNO"}]}
                """;
        SandboxSpec usual = FIXTURE.spec();
        SandboxSpec strict =
                Fixture.with(FIXTURE.spec(), new Hardening(true, Hardening.User.NON_ROOT, profile));
        try {
            assertThat(Fixture.run(FIXTURE.create(usual), "ln -s a b 2>&1").output()).isEmpty();
            assertThat(Fixture.run(FIXTURE.create(strict), "ln -s a b 2>&1").output())
                    .contains("Operation not permitted");
        } finally {
            FIXTURE.destroy(usual.job());
            FIXTURE.destroy(strict.job());
        }
    }
}
