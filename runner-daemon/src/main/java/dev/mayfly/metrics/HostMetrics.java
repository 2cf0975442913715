package dev.mayfly.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Shows what jobs stand on: the process, its disks, its engine and what it proves itself with. Safe
 * for use by many threads; nothing here throws.
 */
public final class HostMetrics implements AutoCloseable {

    /** More than there are; a wrong name must not become a series for each call. */
    static final int MOST_OPERATIONS = 40;

    private final MeterRegistry registry;
    private final Set<String> operations = new HashSet<>();
    private final JvmGcMetrics collections = new JvmGcMetrics();

    public HostMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * Says what runs, once, at the start.
     *
     * @param version Mayfly's
     */
    public void build(String version) {
        Gauge.builder(MetricNames.BUILD, () -> 1)
                .description("Always 1; the labels say what runs.")
                .tag("version", version)
                .tag("java", Integer.toString(Runtime.version().feature()))
                .register(registry);
    }

    /** Shows from now on the process and its Java machine; once. */
    public void watchProcess() {
        collections.bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /**
     * Says how many endpoints of a kind are reached without encryption; once for each kind.
     *
     * @param endpoint what is reached
     */
    public void insecure(String endpoint, int count) {
        Gauge.builder(MetricNames.INSECURE_ENDPOINTS, () -> count)
                .description("Endpoints that the configuration reaches without encryption.")
                .tag("endpoint", endpoint)
                .register(registry);
    }

    /**
     * Measures a call of an engine.
     *
     * @param engine which; there are as many as the configuration and the journal name
     * @param operation one of a few verbs
     * @param ok whether the engine has done it in time
     */
    public void engineCall(String engine, String operation, Duration took, boolean ok) {
        String known = known(operation);
        calls(engine, known, !ok); // a rate sees no step from nothing to one
        calls(engine, known, ok).record(took);
    }

    private Timer calls(String engine, String operation, boolean ok) {
        return Timer.builder(MetricNames.ENGINE_CALLS)
                .description("How long calls of a container engine took.")
                .serviceLevelObjectives(CALL_BUCKETS)
                .tag("engine", engine)
                .tag("operation", operation)
                .tag("ok", Boolean.toString(ok))
                .register(registry);
    }

    private static final Duration[] CALL_BUCKETS = {
        Duration.ofMillis(5),
        Duration.ofMillis(25),
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofMillis(2500),
        Duration.ofSeconds(10),
        Duration.ofSeconds(60)
    };

    private String known(String operation) {
        synchronized (operations) {
            boolean room = operations.size() < MOST_OPERATIONS;
            return operations.contains(operation) || (room && operations.add(operation))
                    ? operation
                    : JobMetrics.OTHER;
        }
    }

    /**
     * Shows from now on when something ends that this host proves itself with; once for each.
     *
     * @param kind {@code certificate} or {@code token}
     * @param of whose it is, in the words of the configuration
     * @param until asked at each scrape and must answer at once; empty while that is not known, and
     *     for what has no end
     */
    public void watchExpiry(String kind, String of, Supplier<Optional<Instant>> until) {
        Gauge.builder(
                        MetricNames.CREDENTIAL_EXPIRY,
                        () ->
                                until.get()
                                        .map(instant -> instant.toEpochMilli() / 1e3)
                                        .orElse(Double.NaN))
                .description("When a certificate or token of this host ends.")
                .baseUnit("seconds")
                .tag("kind", kind)
                .tag("of", of)
                .register(registry);
    }

    /**
     * Shows from now on how full a file system is; once for each.
     *
     * @param disk what it is for, in one word
     * @param place in it; asked at each scrape, empty while that is not known
     */
    public void watchDisk(String disk, Supplier<Optional<Path>> place) {
        disk(MetricNames.DISK_FREE, "Bytes that can be written.", disk, place, true);
        disk(MetricNames.DISK_SIZE, "Bytes of the file system.", disk, place, false);
    }

    private void disk(
            String name,
            String description,
            String disk,
            Supplier<Optional<Path>> place,
            boolean free) {
        Gauge.builder(name, () -> place.get().map(path -> bytes(path, free)).orElse(Double.NaN))
                .description(description)
                .baseUnit("bytes")
                .tag("disk", disk)
                .register(registry);
    }

    private static double bytes(Path place, boolean free) {
        try {
            FileStore store = Files.getFileStore(place);
            return free ? store.getUsableSpace() : store.getTotalSpace();
        } catch (IOException e) {
            return Double.NaN; // which says just that
        }
    }

    @Override
    public void close() {
        collections.close();
    }
}
