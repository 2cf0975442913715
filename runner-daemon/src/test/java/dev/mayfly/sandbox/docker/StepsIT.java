package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Steps in the default image. Needs an engine and the agent image. */
@Timeout(120)
class StepsIT {

    private static final Fixture FIXTURE = new Fixture();
    private static final SandboxSpec SPEC = FIXTURE.spec();
    private static final StepEnd PASSED = new StepEnd.Exited(0);
    private static Sandbox sandbox;

    @BeforeAll
    static void create() throws InterruptedException {
        sandbox = FIXTURE.create(SPEC);
    }

    @AfterAll
    static void destroy() throws InterruptedException {
        FIXTURE.destroy(SPEC.job());
        FIXTURE.assertNothingLeft();
        FIXTURE.close();
    }

    private static Fixture.Result run(String... lines) throws InterruptedException {
        return Fixture.run(sandbox, lines);
    }

    private static Step with(Step step, List<dev.mayfly.sandbox.DeliveredFile> files) {
        return new Step(
                step.name(), step.place(), step.program(), step.environment(), files, step.stdin());
    }

    private static Step fed(Step step, InputStream input) {
        return new Step(
                step.name(),
                step.place(),
                step.program(),
                step.environment(),
                step.files(),
                () -> input);
    }

    @Test
    void linesRunInOneShellInTheSourceDirectoryAndTheirOutputArrives() throws InterruptedException {
        Fixture.Result result =
                run("x=1", "echo $x; pwd", "echo $HOME", "echo err >&2", "touch $HOME/f f");
        assertThat(result.output()).isEqualTo("1\n/workspace/src\n/workspace/home\nerr\n");
        assertThat(result.end()).isEqualTo(PASSED);
    }

    @Test
    void firstLineThatFailsEndsTheStepWithItsCode() throws InterruptedException {
        Fixture.Result result = run("echo before", "(exit 42)", "echo after");
        assertThat(result.output()).isEqualTo("before\n");
        assertThat(result.end()).isEqualTo(new StepEnd.Exited(42));
    }

    @Test
    void failureInsideAPipeFailsTheStep() throws InterruptedException {
        assertThat(run("false | cat").end()).isEqualTo(new StepEnd.Exited(1));
    }

    @Test
    void stepThatEndsByASignalHasItsNumberInItsCode() throws InterruptedException {
        assertThat(run("kill -USR1 $$").end()).isEqualTo(new StepEnd.Exited(128 + 10));
    }

    @Test
    void environmentAndFilesAreOfOneStepOnly() throws InterruptedException {
        Step given =
                with(
                        Fixture.shell(
                                Map.of("TOKEN", "v=1\n2", "HOME", "/tmp"),
                                "printf '%s|' \"$TOKEN\" $HOME",
                                "stat -c '%a %u' /run/secrets/key",
                                "cat /run/secrets/key"),
                        List.of(Fixture.file("key", "content\n")));
        assertThat(Fixture.run(sandbox, given).output())
                .isEqualTo("v=1\n2|/tmp|400 1000\ncontent\n");
        assertThat(run("echo ${TOKEN-unset} $HOME; ls /run/secrets").output())
                .isEqualTo("unset /workspace/home\n");
    }

    @Test
    void fileLargerThanAFrameArrivesWhole() throws InterruptedException {
        Step given =
                with(
                        Fixture.shell("wc -c < /run/secrets/big"),
                        List.of(Fixture.file("big", "x".repeat(3 << 20))));
        assertThat(Fixture.run(sandbox, given).output().strip()).isEqualTo("3145728");
    }

    @Test
    void scriptLargerThanAFrameRuns() throws InterruptedException {
        assertThat(run(": '" + "x".repeat(2 << 20) + "'", "echo done").output())
                .isEqualTo("done\n");
    }

    @Test
    void inputIsFedWholeAndEnds() throws InterruptedException {
        Step given =
                fed(
                        Fixture.shell("wc -c; echo rest:; cat"),
                        new ByteArrayInputStream(new byte[5_000_000]));
        assertThat(Fixture.run(sandbox, given).output()).isEqualTo("5000000\nrest:\n");
    }

    @Test
    void stepWithoutInputReadsTheEndAtOnce() throws InterruptedException {
        assertThat(run("cat; echo ended").output()).isEqualTo("ended\n");
    }

    @Test
    void inputThatNobodyWantsDoesNotHoldTheStepNorReachTheNext() throws InterruptedException {
        Step unwilling =
                fed(Fixture.shell("exit 0"), new ByteArrayInputStream(new byte[20_000_000]));
        assertThat(Fixture.run(sandbox, unwilling).end()).isEqualTo(PASSED);
        Step next =
                fed(
                        Fixture.shell("cat"),
                        new ByteArrayInputStream("mine".getBytes(StandardCharsets.UTF_8)));
        assertThat(Fixture.run(sandbox, next).output()).isEqualTo("mine");
    }

    @Test
    void inputThatCannotBeReadEndsTheStepWithAWorkspaceFault() {
        InputStream broken =
                new FilterInputStream(InputStream.nullInputStream()) {
                    @Override
                    public int read(byte[] into, int offset, int length) throws IOException {
                        throw new IOException("disk on fire");
                    }
                };
        assertThatThrownBy(() -> Fixture.run(sandbox, fed(Fixture.shell("cat"), broken)))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("the input of step script could not be read: disk on fire")
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.WORKSPACE);
    }

    @Test
    void programRunsWithoutAShell() throws InterruptedException {
        Step step =
                new Step(
                        "program",
                        Step.Place.JOB,
                        new Step.Program.Command(List.of("printf", "%s,", "a b", "$HOME")),
                        Map.of(),
                        List.of(),
                        null);
        assertThat(Fixture.run(sandbox, step).output()).isEqualTo("a b,$HOME,");
    }

    @Test
    void programThatIsNotThereIsAnImageFaultThatNamesIt() {
        Step step =
                new Step(
                        "build",
                        Step.Place.JOB,
                        new Step.Program.Command(List.of("no-such-program")),
                        Map.of(),
                        List.of(),
                        null);
        assertThatThrownBy(() -> Fixture.run(sandbox, step))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("step build")
                .hasMessageContaining("no-such-program")
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.IMAGE);
    }

    @Test
    void stepThatRunsIntoItsLimitMayCleanUp() throws InterruptedException {
        Step step = Fixture.shell("trap 'echo cleaned; exit 3' TERM", "echo on", "sleep 60 & wait");
        Fixture.Result result =
                Fixture.run(sandbox, step, Duration.ofSeconds(1), new Cancellation());
        assertThat(result.output()).isEqualTo("on\ncleaned\n");
        assertThat(result.end()).isEqualTo(new StepEnd.TimedOut());
    }

    @Test
    void stepThatIgnoresTheSignalIsKilledAfterTheGrace() throws InterruptedException {
        long before = System.nanoTime();
        Step step = Fixture.shell("trap '' TERM", "while :; do sleep 0.1; done");
        Fixture.Result result =
                Fixture.run(sandbox, step, Duration.ofMillis(500), new Cancellation());
        assertThat(result.end()).isEqualTo(new StepEnd.TimedOut());
        assertThat(Duration.ofNanos(System.nanoTime() - before))
                .isBetween(Duration.ofMillis(1400), Duration.ofSeconds(10));
    }

    @Test
    void cancellationEndsTheStepAtOnce() throws InterruptedException {
        Cancellation cancellation = new Cancellation();
        CountDownLatch running = new CountDownLatch(1);
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        running.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    cancellation.request("somebody");
                });
        StepEnd end =
                sandbox.run(
                        Fixture.shell("echo on", "exec sleep 60"),
                        (bytes, offset, length) -> running.countDown(),
                        Duration.ofSeconds(60),
                        cancellation);
        assertThat(end).isEqualTo(new StepEnd.Cancelled());
        assertThat(run("echo still usable").output()).isEqualTo("still usable\n");
    }

    @Test
    void floodInTheHandsOfASlowReaderIsHeldBackAndCanBeCancelled() throws InterruptedException {
        Cancellation cancellation = new Cancellation();
        AtomicLong taken = new AtomicLong();
        StepEnd end =
                sandbox.run(
                        Fixture.shell(
                                "i=0; while :; do echo $i > $HOME/count; head -c 65536 /dev/zero; i=$((i+1)); done"),
                        (bytes, offset, length) -> {
                            if (taken.getAndAdd(length) == 0) {
                                // As slow as can be: not at all, until the writer is held back.
                                Eventually.standsStill(
                                        "what head has written",
                                        Duration.ofSeconds(30),
                                        () -> FIXTURE.bytesWrittenBy(SPEC.job(), "head"));
                            } else if (taken.get() > 500_000) {
                                cancellation.request("enough");
                            }
                        },
                        Duration.ofSeconds(60),
                        cancellation);
        assertThat(end).isEqualTo(new StepEnd.Cancelled());
        long written = Long.parseLong(run("cat $HOME/count").output().strip()) * 65536;
        assertThat(written - taken.get()).as("bytes under way").isLessThan(8 << 20);
    }

    @Test
    void floodArrivesWholeAndInOrder() throws InterruptedException {
        AtomicLong bytes = new AtomicLong();
        long[] expected = {1};
        StringBuilder line = new StringBuilder();
        StepEnd end =
                sandbox.run(
                        Fixture.shell("seq 1 3000000"),
                        (part, offset, length) -> {
                            bytes.addAndGet(length);
                            for (int i = offset; i < offset + length; i++) {
                                if (part[i] == '\n') {
                                    assertThat(line.toString())
                                            .isEqualTo(Long.toString(expected[0]++));
                                    line.setLength(0);
                                } else {
                                    line.append((char) part[i]);
                                }
                            }
                        },
                        Duration.ofSeconds(60),
                        new Cancellation());
        assertThat(end).isEqualTo(PASSED);
        assertThat(expected[0]).isEqualTo(3_000_001);
    }

    @Test
    void nothingOfAStepOutlivesIt() throws InterruptedException {
        run(
                "(setsid sh -c 'trap \"\" TERM HUP; sleep 300' >/dev/null 2>&1 &) ; setsid sleep 300 &");
        assertThat(run("set -- /proc/[0-9]*; echo $#").output())
                .as("the agent and this shell")
                .isEqualTo("2\n");
    }

    @Test
    void stepThatRunsOutOfMemoryIsToldSo() throws InterruptedException {
        Fixture.Result result = run("x=x; while :; do x=$x$x; done");
        assertThat(result.end()).isEqualTo(new StepEnd.OutOfMemory());
        assertThat(run("echo still usable").output()).isEqualTo("still usable\n");
    }

    @Test
    void forkBombHarmsNobodyAndEndsWithItsLimit() throws InterruptedException {
        Step bomb = Fixture.shell("f() { f | f & }; f 2>/dev/null; sleep 60");
        StepEnd end = Fixture.run(sandbox, bomb, Duration.ofSeconds(2), new Cancellation()).end();
        assertThat(end).isIn(new StepEnd.TimedOut(), new StepEnd.Exited(254));
        assertThat(run("echo still usable").output()).isEqualTo("still usable\n");
    }

    @Test
    void agentAndItsStreamAreOutOfReachOfTheStep() throws InterruptedException {
        Fixture.Result result =
                run(
                        "kill -9 1; kill -STOP 1",
                        "ls /proc/1/fd 2>/dev/null || echo closed",
                        "(echo x > /proc/1/fd/1) 2>/dev/null || echo closed",
                        "cat /proc/1/environ 2>/dev/null || echo closed",
                        "ls /proc/self/fd | wc -l");
        assertThat(result.output()).isEqualTo("closed\nclosed\nclosed\n4\n");
    }

    @Test
    void interruptedThreadGetsAwayFromAStep() throws InterruptedException {
        SandboxSpec other = FIXTURE.spec();
        Sandbox its = FIXTURE.create(other);
        try {
            Thread job = Thread.currentThread();
            assertThatThrownBy(() ->
                            its.run(
                                    Fixture.shell("echo on; sleep 60"),
                                    (bytes, offset, length) -> job.interrupt(),
                                    Duration.ofSeconds(60),
                                    new Cancellation()))
                    .isInstanceOf(InterruptedException.class);
        } finally {
            FIXTURE.destroy(other.job());
        }
    }
}
