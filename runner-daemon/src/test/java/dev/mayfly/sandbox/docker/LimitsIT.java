package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Jobs that try to exhaust what they share with others, beside a neighbour that goes on. Needs an
 * engine and the agent image.
 */
@Timeout(180)
class LimitsIT {

    private static final long MEBIBYTE = 1 << 20;
    private static final DiskLimits SMALL = new DiskLimits(128 * MEBIBYTE, 50_000);

    private static Fixture fixture;

    private Sandbox neighbour;
    private SandboxSpec neighbourSpec;

    @BeforeAll
    static void connect() {
        fixture = new Fixture();
    }

    @AfterAll
    static void disconnect() throws InterruptedException {
        fixture.close();
    }

    @BeforeEach
    void settleANeighbour() throws InterruptedException {
        neighbourSpec = fixture.spec();
        neighbour = fixture.create(neighbourSpec);
    }

    @AfterEach
    void theNeighbourHasNoticedNothing() throws InterruptedException {
        Fixture.Result result =
                Fixture.run(
                        neighbour,
                        "mkdir d && seq 1000 >d/f && test $(wc -l <d/f) = 1000",
                        "for i in $(seq 20); do sleep 0 & done; wait",
                        "echo undisturbed");
        fixture.destroy(neighbourSpec.job());
        assertThat(result).isEqualTo(new Fixture.Result(new StepEnd.Exited(0), "undisturbed\n"));
        fixture.assertNothingLeft();
    }

    private static SandboxSpec with(SandboxSpec s, Hardening hardening, DiskLimits disk) {
        SandboxLimits l = s.limits();
        return new SandboxSpec(
                s.job(),
                s.pool(),
                s.image(),
                s.services(),
                s.registries(),
                s.network(),
                s.checkout(),
                s.directory(),
                new SandboxLimits(
                        l.memoryBytes(), l.cpus(), l.pids(), l.openFiles(), l.tmpBytes(), disk),
                hardening);
    }

    /** How the first step of a job ends that is then destroyed. */
    private static StepEnd end(SandboxSpec spec, String... lines) throws InterruptedException {
        try {
            Sandbox sandbox = fixture.create(spec);
            StepEnd end =
                    Fixture.run(
                                    sandbox,
                                    Fixture.shell(Map.of(), lines),
                                    Duration.ofSeconds(100),
                                    new Cancellation())
                            .end();
            assertThat(sandbox.ended().isPresent()).isEqualTo(end instanceof StepEnd.OutOfDisk);
            return end;
        } finally {
            fixture.destroy(spec.job());
        }
    }

    @Test
    void jobWhoseDiskCannotBeMeasuredDoesNotGoOn() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.STRICT, SMALL);
        String squatter = Role.GAUGE.nameFor(spec.job());
        Sandbox sandbox = fixture.create(spec);
        // A person's container has the name of the one that would measure.
        fixture.engine.call(
                "taking a name",
                client -> client.createContainerCmd(Fixture.AGENT_IMAGE).withName(squatter).exec());
        try {
            assertThatExceptionOfType(FaultException.class)
                    .isThrownBy(() -> Fixture.run(sandbox, "sleep 90"))
                    .withMessageContaining("no job goes on whose use of the disk nobody knows");
            assertThat(sandbox.ended()).containsInstanceOf(Outcome.Faulted.class);
        } finally {
            fixture.engine.call(
                    "giving the name back",
                    client -> client.removeContainerCmd(squatter).withForce(true).exec());
            fixture.destroy(spec.job());
        }
    }

    private static void assertOutOfBytes(StepEnd end) {
        assertThat(end)
                .isInstanceOfSatisfying(
                        StepEnd.OutOfDisk.class,
                        out ->
                                assertThat(out.excess())
                                        .startsWith("disk limit of pool untrusted: ")
                                        .contains(" of 128 MiB are used in workspace, ")
                                        .contains("raise pools[].disk"));
    }

    @Test
    void jobThatFillsItsWorkspaceIsEndedWithItsOwnReason() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.STRICT, SMALL);

        assertOutOfBytes(end(spec, "while :; do head -c 4M /dev/zero >>full; sleep 0.05; done"));
    }

    @Test
    void jobThatFillsItsWritableLayerIsEndedWithItsOwnReason() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.AS_IMAGE, SMALL);
        // As root, who may write anywhere.
        SandboxSpec asRoot = asRoot(spec);

        assertOutOfBytes(
                end(asRoot, "while :; do head -c 4M /dev/zero >>/var/full; sleep 0.05; done"));
    }

    private static SandboxSpec asRoot(SandboxSpec s) {
        return new SandboxSpec(
                s.job(),
                s.pool(),
                new ImageSpec(s.image().reference(), List.of(), "0:0", List.of()),
                s.services(),
                s.registries(),
                s.network(),
                s.checkout(),
                s.directory(),
                s.limits(),
                s.hardening());
    }

    @Test
    void serviceThatFillsItsLayerEndsTheJob() throws InterruptedException {
        String filling = "while :; do head -c 4M /dev/zero >>/var/full; sleep 0.05; done";
        ImageSpec image =
                new ImageSpec(Fixture.AGENT_IMAGE, List.of("sh", "-c", filling), "0:0", List.of());
        SandboxSpec spec =
                Fixture.with(
                        asRoot(with(fixture.spec(), Fixture.AS_IMAGE, SMALL)),
                        NetworkAccess.NONE,
                        new ServiceSpec(image, List.of("filler"), List.of(), Map.of()));

        assertOutOfBytes(end(spec, "sleep 90"));
    }

    @Test
    void jobThatMakesFilesWithoutEndIsEndedWithItsOwnReason() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.STRICT, SMALL);

        StepEnd end =
                end(
                        spec,
                        // Bounded, for the day on which nobody ends it.
                        "for d in $(seq 100); do mkdir $d; seq -f $d/%.0f 20000 | xargs touch; done");

        assertThat(end)
                .isInstanceOfSatisfying(
                        StepEnd.OutOfDisk.class,
                        out ->
                                assertThat(out.excess())
                                        .containsPattern(
                                                "it has [0-9]+ files of 50000 in workspace"));
    }

    @Test
    void jobThatFillsAFileWithoutANameIsEndedWithItsOwnReason() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.STRICT, SMALL);

        assertOutOfBytes(
                end(
                        spec,
                        "exec 3>nameless; rm nameless",
                        // Bounded, for the day on which nobody ends it.
                        "for i in $(seq 500); do head -c 4M /dev/zero >&3; sleep 0.05; done",
                        "sleep 60"));
    }

    @Test
    void sparseFileCountsForWhatIsWrittenOfIt() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.STRICT, SMALL);

        assertThat(end(spec, "truncate -s 100G sparse", "head -c 16M /dev/zero >>small", "sleep 8"))
                .isEqualTo(new StepEnd.Exited(0));
    }

    static Stream<Arguments> exhaustions() {
        String use = "use strict; my $n = 0; ";
        return Stream.of(
                Arguments.of(
                        "processes",
                        use + "while (defined(my $p = fork)) { sleep 60, exit if !$p; $n++ }",
                        "1[012][0-9] Resource temporarily unavailable"),
                Arguments.of(
                        "open files",
                        use + "my @f; while (open($f[$n], '<', '/dev/null')) { $n++ }",
                        "10[0-9][0-9] Too many open files"),
                Arguments.of(
                        "files in /tmp",
                        use + "my $f; while (open($f, '>', \"/tmp/$n\")) { $n++ }",
                        "327[0-9][0-9] No space left on device"),
                Arguments.of(
                        "bytes in /tmp",
                        use
                                + "open(my $f, '>', '/tmp/f'); $n++ while syswrite($f, 'x' x 1048576) == 1048576;",
                        "6[34] No space left on device"),
                Arguments.of(
                        "bytes in /dev/shm",
                        use
                                + "open(my $f, '>', '/dev/shm/f'); $n++ while syswrite($f, 'x' x 1048576) == 1048576;",
                        "6[34] No space left on device"),
                Arguments.of(
                        "files for secrets",
                        use + "my $f; while (open($f, '>', \"/run/mayfly/$n\")) { $n++ }",
                        "40[0-9][0-9] No space left on device"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("exhaustions")
    void whatIsExhaustedIsTheJobsOwn(String what, String program, String end)
            throws InterruptedException {
        SandboxSpec spec = fixture.spec();
        try {
            Fixture.Result result =
                    Fixture.run(
                            fixture.create(spec),
                            Fixture.shell(
                                    Map.of("PROGRAM", program + " print \"$n $!\\n\"; kill 9, -1"),
                                    "exec perl -e \"$PROGRAM\""));

            assertThat(result.output()).as(what).matches("(?s).*" + end + ".*");
        } finally {
            fixture.destroy(spec.job());
        }
    }

    @Test
    void queuesSignalsAndLockedMemoryAreLimited() throws InterruptedException {
        SandboxSpec spec = fixture.spec();
        try {
            assertThat(
                            Fixture.run(
                                            fixture.create(spec),
                                            "ulimit -q; ulimit -i; ulimit -l; ulimit -r; ulimit -c")
                                    .output())
                    .isEqualTo("819200\n16384\n8192\n0\n0\n");
        } finally {
            fixture.destroy(spec.job());
        }
    }

    @Test
    void scriptThatSurvivesThatAProgramWasKilledForMemoryIsToldSo() throws InterruptedException {
        SandboxSpec spec = fixture.spec();
        List<String> notices = new ArrayList<>();
        Sandbox.Output output =
                new Sandbox.Output() {
                    @Override
                    public void write(byte[] bytes, int offset, int length) {}

                    @Override
                    public void notice(String text) {
                        notices.add(text);
                    }
                };
        try {
            StepEnd end =
                    fixture.create(spec)
                            .run(
                                    Fixture.shell("perl -e '$x = \"a\" x (400 << 20)' || exit 3"),
                                    output,
                                    Duration.ofSeconds(60),
                                    new Cancellation());

            assertThat(end).isEqualTo(new StepEnd.Exited(3));
            assertThat(notices)
                    .containsExactly(
                            "the kernel killed 1 of the step's processes for memory: its container ran into its limit (pools[].memory)");
        } finally {
            fixture.destroy(spec.job());
        }
    }
}
