package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.cli.CommandFixture.Said;
import dev.mayfly.source.local.DaemonStatus;
import dev.mayfly.source.local.Operations;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator says to the daemon, against its real API. */
@Timeout(60)
class OperatorCommandsTest {

    @TempDir Path folder;
    private CommandFixture host;

    @BeforeEach
    void open() throws Exception {
        host = new CommandFixture(folder);
        host.serve();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void statusOfAWellDaemonIsShownAndIsASuccess() {
        Said said = host.mayfly("status");

        assertThat(said.code()).isEqualTo(ExitCode.OK);
        assertThat(said.out().lines())
                .containsExactly(
                        "mayfly 1.2.3, up 1m30s",
                        "alive",
                        "ready",
                        "POOL                 SLOTS    TAKES JOBS RUNNING",
                        "untrusted            1/2      yes        j-1");
    }

    @Test
    void statusOfADrainedDaemonSaysWhyAndIsNone() {
        host.operations.drain();
        Said said = host.mayfly("status");

        assertThat(said.code()).isEqualTo(1);
        assertThat(said.out())
                .contains("not ready  drained since 2026-01-01T10:00:00Z")
                .contains("untrusted            1/2      no         j-1");
    }

    @Test
    void drainReturnsAtOnceUnlessItIsToWait() {
        Said said = host.mayfly("drain");

        assertThat(said.code()).isEqualTo(ExitCode.OK);
        assertThat(said.out()).contains("not ready  drained since");
        assertThat(host.operations.status().drained()).isNotNull();
    }

    @Test
    void drainThatIsToWaitReturnsWhenNothingRuns() throws Exception {
        Thread job =
                Thread.ofVirtual()
                        .start(() -> {
                            while (host.operations.status().drained() == null) {
                                Thread.onSpinWait();
                            }
                            host.operations.running = List.of();
                        });
        Said said = host.mayfly("drain", "--wait", "1");
        job.join();

        assertThat(said.code()).isEqualTo(ExitCode.OK);
        assertThat(said.out()).contains("untrusted            0/2      no         -");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "10001"})
    void waitOfNoSensibleLengthIsRefusedAndNothingIsDrained(String minutes) {
        Said said = host.mayfly("drain", "--wait=" + minutes);

        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err()).contains("--wait is " + minutes + ", must be 0 to 10000");
        assertThat(host.operations.status().drained()).isNull();
    }

    @Test
    void resumePutsTheHostIntoServiceAgain() {
        host.operations.drain();
        Said said = host.mayfly("resume");

        assertThat(said.code()).isEqualTo(ExitCode.OK);
        assertThat(said.out()).contains("\nready\n").doesNotContain("drained");
        assertThat(host.operations.status().drained()).isNull();
    }

    @Test
    void reloadSaysWhatAppliesWhen() {
        host.operations.reloading =
                new Operations.Reloading.Used(
                        List.of("pools.a.memory", "pools.a.timeout"), List.of("api.listen"));
        Said said = host.mayfly("reload");

        assertThat(said.code()).isEqualTo(ExitCode.OK);
        assertThat(said.out())
                .isEqualTo(
                        """
                        applies to the next job:
                          pools.a.memory
                          pools.a.timeout
                        needs a restart:
                          api.listen
                        """);
    }

    @Test
    void reloadOfTheSameSaysSo() {
        assertThat(host.mayfly("reload").out()).isEqualTo("no key has changed since the start\n");
    }

    @Test
    void reloadThatTheDaemonRefusesIsAnErrorOfTheConfiguration() {
        host.operations.reloading = new Operations.Reloading.Refused("policy.yaml:2: is wrong");
        Said said = host.mayfly("reload");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("policy.yaml:2: is wrong", "goes on as before");
    }

    @Test
    void brokenFileIsNamedWithItsLineBeforeAnybodyIsAsked() throws Exception {
        host.file("mayfly.yaml", "pools:\n  - name: only\n    slots: none\n");
        Said said = host.mayfly("reload");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("mayfly.yaml:3:");
    }

    @ParameterizedTest
    @CsvSource({"59,59s", "61,1m1s", "7265,2h1m", "180000,2d2h"})
    void timeSinceTheStartIsShownInItsTwoLargestUnits(long seconds, String shown) {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");

        assertThat(view(List.of(), now.minusSeconds(seconds), now))
                .startsWith("mayfly 1.2.3, up " + shown + "\n");
    }

    @Test
    void lostSlotsAndPoolsWithoutASourceAreShown() {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");

        assertThat(
                        view(
                                List.of(
                                        new DaemonStatus.Pool("a", 4, 2, true, true, List.of()),
                                        new DaemonStatus.Pool("b", 1, 0, false, false, List.of())),
                                now,
                                now))
                .contains("2 slots lost: something of their jobs cannot be removed")
                .contains("b                    0/1      no source  -");
    }

    @Test
    void daemonThatIsStuckIsNotAlive() {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new StatusView(new PrintStream(out, true, StandardCharsets.UTF_8), Style.PLAIN)
                .show(
                        new DaemonStatus(
                                "1",
                                now,
                                null,
                                new DaemonStatus.Health(List.of("the reaper"), List.of("a", "b")),
                                List.of()),
                        now.plus(Duration.ofSeconds(1)));

        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("not alive  the reaper\nnot ready  a\nnot ready  b\n");
    }

    private static String view(List<DaemonStatus.Pool> pools, Instant started, Instant now) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new StatusView(new PrintStream(out, true, StandardCharsets.UTF_8), Style.PLAIN)
                .show(
                        new DaemonStatus(
                                "1.2.3",
                                started,
                                null,
                                new DaemonStatus.Health(List.of(), List.of()),
                                pools),
                        now);
        return out.toString(StandardCharsets.UTF_8);
    }
}
