package dev.mayfly.systemd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service manager that has started this process, told by the protocol of sd_notify(3). Where
 * none has, every message goes nowhere. A message that cannot be sent is logged and forgotten: the
 * manager's own time limits decide what comes of it.
 */
public final class Supervisor implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

    /** Two may get lost. */
    private static final int SIGNS_EACH_PERIOD = 3;

    private final @Nullable UnixDatagrams socket;
    private final Duration watchdog;
    private @Nullable Thread watching;
    private volatile String status = "";

    private Supervisor(@Nullable UnixDatagrams socket, Duration watchdog) {
        this.socket = socket;
        this.watchdog = watchdog;
    }

    /**
     * The one that the environment names.
     *
     * @param environment NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are looked at
     * @param process the number of this process
     */
    public static Supervisor of(Map<String, String> environment, long process) {
        String address = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (address.isEmpty()) {
            return new Supervisor(null, Duration.ZERO);
        }
        try {
            return new Supervisor(UnixDatagrams.to(address), watchdog(environment, process));
        } catch (IOException e) {
            LOG.warn("the service manager cannot be told anything because={}", e.getMessage());
            return new Supervisor(null, Duration.ZERO);
        }
    }

    private static Duration watchdog(Map<String, String> environment, long process) {
        String period = environment.getOrDefault("WATCHDOG_USEC", "");
        String whose = environment.getOrDefault("WATCHDOG_PID", Long.toString(process));
        if (!period.matches("[0-9]{1,15}") || !whose.equals(Long.toString(process))) {
            return Duration.ZERO;
        }
        return Duration.ofNanos(Math.multiplyExact(Long.parseLong(period), 1000));
    }

    /** Whether there is one. */
    public boolean isThere() {
        return socket != null;
    }

    /** The service can be used from now on. */
    public void ready(String status) {
        this.status = status;
        tell("READY=1\nSTATUS=" + line(status));
    }

    /**
     * The service ends, which may take this long.
     *
     * @param limit by which the manager waits longer than its own limit, if that is shorter
     */
    public void stopping(String status, Duration limit) {
        this.status = status;
        tell(
                "STOPPING=1\nEXTEND_TIMEOUT_USEC="
                        + limit.toNanos() / 1000
                        + "\nSTATUS="
                        + line(status));
    }

    /**
     * Gives signs of life from now on, if the manager wants any, as long as nothing speaks against
     * it. Keeps the status up to date too.
     *
     * @param notAlive what does not live; asked three times a period
     * @param status one line
     */
    public void watch(Supplier<List<String>> notAlive, Supplier<String> status) {
        if (socket == null) {
            return;
        }
        Duration pause =
                watchdog.isZero() ? Duration.ofSeconds(10) : watchdog.dividedBy(SIGNS_EACH_PERIOD);
        // Not virtual: it must notice when those are stuck.
        watching =
                Thread.ofPlatform()
                        .name("watchdog")
                        .daemon()
                        .start(() -> watch(pause, notAlive, status));
    }

    private void watch(
            Duration pause, Supplier<List<String>> notAlive, Supplier<String> statusNow) {
        while (true) {
            try {
                look(notAlive, statusNow);
            } catch (RuntimeException e) {
                // The root of a thread: what cannot be asked is not alive, and the next try may be.
                LOG.error("no sign of life to the service manager", e);
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void look(Supplier<List<String>> notAlive, Supplier<String> statusNow) {
        List<String> against = notAlive.get();
        if (against.isEmpty()) {
            tell("WATCHDOG=1");
        } else {
            LOG.error("no sign of life to the service manager because={}", against);
        }
        String now = against.isEmpty() ? statusNow.get() : String.join("; ", against);
        if (!now.equals(status)) {
            status = now;
            tell("STATUS=" + line(now));
        }
    }

    private void tell(String message) {
        if (socket == null) {
            return;
        }
        try {
            socket.send(message.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            LOG.warn("the service manager was not told because={}", e.getMessage());
        }
    }

    private static String line(String text) {
        return text.replace('\n', ' ');
    }

    @Override
    public void close() {
        if (watching != null) {
            watching.interrupt();
            try {
                watching.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (socket != null) {
            socket.close();
        }
    }
}
