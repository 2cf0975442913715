package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
            assertThat(sandbox.excess().isPresent()).isEqualTo(end instanceof StepEnd.OutOfDisk);
            return end;
        } finally {
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
        SandboxSpec spec =
                Fixture.with(
                        asRoot(with(fixture.spec(), Fixture.AS_IMAGE, SMALL)),
                        NetworkAccess.NONE,
                        new ServiceSpec(
                                new ImageSpec(Fixture.AGENT_IMAGE, null, "0:0", List.of()),
                                List.of("filler"),
                                List.of(
                                        "sh",
                                        "-c",
                                        "while :; do head -c 4M /dev/zero >>/var/full; sleep 0.05; done"),
                                Map.of()));

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
    void sparseFileCountsForWhatIsWrittenOfIt() throws InterruptedException {
        SandboxSpec spec = with(fixture.spec(), Fixture.STRICT, SMALL);

        assertThat(end(spec, "truncate -s 100G sparse", "head -c 16M /dev/zero >>small", "sleep 8"))
                .isEqualTo(new StepEnd.Exited(0));
    }
}
