package dev.mayfly.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SupervisorTest {

    private static final long PROCESS = 4711;
    private static final String A_BLINK = "90000"; // microseconds

    @TempDir private Path folder;

    private String address() {
        return folder.resolve("notify").toString();
    }

    @Test
    void readinessAndTheEndAreToldWithTheirStatus() throws Exception {
        try (DatagramSocket manager = new DatagramSocket(address());
                Supervisor supervisor =
                        Supervisor.of(Map.of("NOTIFY_SOCKET", address()), PROCESS)) {
            assertThat(supervisor.isThere()).isTrue();
            supervisor.ready("taking jobs");
            assertThat(manager.receiveText()).isEqualTo("READY=1\nSTATUS=taking jobs");

            supervisor.stopping("draining", Duration.ofMinutes(11));
            assertThat(manager.receiveText())
                    .isEqualTo("STOPPING=1\nEXTEND_TIMEOUT_USEC=660000000\nSTATUS=draining");
        }
    }

    @Test
    void managerInTheAbstractNamespaceIsReached() throws Exception {
        String name = "@mayfly-test-" + ProcessHandle.current().pid();
        try (DatagramSocket manager = new DatagramSocket(name);
                Supervisor supervisor = Supervisor.of(Map.of("NOTIFY_SOCKET", name), PROCESS)) {
            supervisor.ready("well");

            assertThat(manager.receiveText()).startsWith("READY=1\n");
        }
    }

    @Test
    void statusOfSeveralLinesIsOneSoThatItIsNoOtherMessage() throws Exception {
        try (DatagramSocket manager = new DatagramSocket(address());
                Supervisor supervisor =
                        Supervisor.of(Map.of("NOTIFY_SOCKET", address()), PROCESS)) {
            supervisor.ready("two\nMAINPID=1");

            assertThat(manager.receiveText()).isEqualTo("READY=1\nSTATUS=two MAINPID=1");
        }
    }

    @Test
    void signsOfLifeComeOnlyWhileNothingSpeaksAgainstThem() throws Exception {
        AtomicReference<List<String>> against = new AtomicReference<>(List.of());
        try (DatagramSocket manager = new DatagramSocket(address());
                Supervisor supervisor = watched()) {
            supervisor.watch(against::get, () -> "well");
            assertThat(manager.receiveText()).isEqualTo("WATCHDOG=1");
            assertThat(manager.receiveText()).isEqualTo("STATUS=well");
            assertThat(manager.receiveText()).isEqualTo("WATCHDOG=1");

            against.set(List.of("the reaper has not moved for 1000 s", "nor the API"));
            String next = manager.receiveText();
            while (next.equals("WATCHDOG=1")) { // those under way before
                next = manager.receiveText();
            }
            assertThat(next).isEqualTo("STATUS=the reaper has not moved for 1000 s; nor the API");

            against.set(List.of());
            // Nothing came while it was not alive, or it would be before this one.
            assertThat(manager.receiveText()).isEqualTo("WATCHDOG=1");
            assertThat(manager.receiveText()).isEqualTo("STATUS=well");
        }
    }

    @Test
    void questionThatFailsIsNoSignOfLifeAndIsAskedAgainAfterAPause() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (DatagramSocket manager = new DatagramSocket(address());
                Supervisor supervisor = watched()) {
            long began = System.nanoTime();
            supervisor.watch(
                    () -> {
                        if (asked.incrementAndGet() <= 3) {
                            throw new IllegalStateException("cannot say");
                        }
                        return List.of();
                    },
                    () -> "well");

            assertThat(manager.receiveText()).isEqualTo("WATCHDOG=1");
            // Three pauses of a third of the period.
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(85));
        }
    }

    @Test
    void periodOfAnotherProcessIsNotOurs() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (DatagramSocket manager = new DatagramSocket(address());
                Supervisor supervisor =
                        Supervisor.of(
                                Map.of(
                                        "NOTIFY_SOCKET",
                                        address(),
                                        "WATCHDOG_USEC",
                                        A_BLINK,
                                        "WATCHDOG_PID",
                                        "1"),
                                PROCESS)) {
            AtomicInteger times = new AtomicInteger();
            supervisor.watch(
                    () -> {
                        times.incrementAndGet();
                        asked.countDown();
                        return List.of();
                    },
                    () -> "well");
            asked.await();
            assertThat(manager.receiveText()).isEqualTo("WATCHDOG=1");

            // Ten seconds between looks, so that only the first was.
            assertThat(times).hasValue(1);
        }
    }

    @Test
    void withoutAManagerEverythingGoesNowhere() {
        AtomicInteger asked = new AtomicInteger();
        try (Supervisor supervisor = Supervisor.of(Map.of(), PROCESS)) {
            assertThat(supervisor.isThere()).isFalse();
            supervisor.ready("well");
            supervisor.watch(
                    () -> {
                        asked.incrementAndGet();
                        return List.of();
                    },
                    () -> "well");
            supervisor.stopping("bye", Duration.ofSeconds(1));
        }
        assertThat(asked).hasValue(0);
    }

    @Test
    void addressThatIsNoneKeepsNoDaemonFromStarting() {
        try (Supervisor supervisor =
                Supervisor.of(Map.of("NOTIFY_SOCKET", "not/absolute"), PROCESS)) {
            assertThat(supervisor.isThere()).isFalse();
        }
    }

    @Test
    void managerThatWentAwayIsToldNothingAndNothingFails() throws Exception {
        try (Supervisor supervisor = Supervisor.of(Map.of("NOTIFY_SOCKET", address()), PROCESS)) {
            supervisor.ready("nobody listens");
            assertThat(supervisor.isThere()).isTrue();
        }
    }

    @Test
    void watchEndsWithTheSupervisor() throws Exception {
        try (DatagramSocket manager = new DatagramSocket(address())) {
            try (Supervisor supervisor = watched()) {
                supervisor.watch(List::of, () -> "well");
                assertThat(manager.receiveText()).isEqualTo("WATCHDOG=1");
            }
            Eventually.holds(
                    "no watchdog is left",
                    Duration.ofSeconds(20),
                    () ->
                            Thread.getAllStackTraces().keySet().stream()
                                    .noneMatch(thread -> thread.getName().equals("watchdog")));
        }
    }

    private Supervisor watched() {
        return Supervisor.of(
                Map.of(
                        "NOTIFY_SOCKET", address(),
                        "WATCHDOG_USEC", A_BLINK,
                        "WATCHDOG_PID", Long.toString(PROCESS)),
                PROCESS);
    }
}
