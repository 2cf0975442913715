package dev.mayfly.bootstrap;

import dev.mayfly.audit.AuditEvent;
import dev.mayfly.config.ApiSettings.Listen;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.egress.Connection;
import dev.mayfly.execution.Dispatcher;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import dev.mayfly.metrics.Exposition;
import dev.mayfly.pool.SlotPool;
import dev.mayfly.source.JobSource;
import dev.mayfly.source.local.ApiEndpoint;
import dev.mayfly.source.local.ApiProbes;
import dev.mayfly.source.local.ApiSettings;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.LocalApi;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import dev.mayfly.teardown.Sweep;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemon: sweeps, listens, claims, and drains when it is asked to stop. */
public final class Daemon implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final Duration SWEEP_EVERY = Duration.ofMinutes(1);

    /** From the cancellation of what still runs to giving up on it. */
    private static final Duration CANCEL_LIMIT = Duration.ofSeconds(60);

    private static final long UPLOAD_BYTES = 4L << 30;

    private final DaemonLock lock;
    private final Assembly parts;
    private final Vertx vertx;
    private final LocalApi api;
    private final GitLabRunners gitlab;
    private final List<Dispatcher> dispatchers;
    private final Readiness readiness;
    private boolean started;
    private volatile String notReady = "starting: leftovers of an earlier life are not swept yet";

    private Daemon(DaemonLock lock, Assembly parts) {
        this.lock = lock;
        this.parts = parts;
        vertx = Vertx.vertx();
        gitlab = gitlab(parts, vertx);
        gitlab.watch(parts.host());
        parts.host().watchProcess();
        dispatchers =
                parts.settings().pools().stream()
                        .filter(this::isFed)
                        .map(this::dispatcher)
                        .toList();
        readiness = readiness();
        MayflySettings settings = parts.settings();
        api =
                new LocalApi(
                        vertx,
                        new ApiSettings(
                                endpoint(settings), ApiSettings.DOCUMENT_BYTES, UPLOAD_BYTES),
                        token(settings),
                        parts.local(),
                        new YamlJobDocuments(),
                        new ApiProbes(this::metrics, List::of, this::reasonsNotReady),
                        parts.directory());
    }

    /**
     * Starts. When this returns, leftovers of earlier lives are gone or being retried, the API
     * answers, and jobs are claimed.
     *
     * @throws dev.mayfly.state.StateException when the state directory or the address cannot be
     *     used, or another daemon uses them
     */
    public static Daemon start(MayflySettings settings) throws InterruptedException {
        DaemonLock lock = DaemonLock.take(new StateDirectory(settings.daemon().stateDirectory()));
        Daemon daemon;
        try {
            daemon = new Daemon(lock, Assembly.open(settings, LocalSourceSettings.Queue.SHARED));
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
        try {
            daemon.begin();
            return daemon;
        } catch (RuntimeException | InterruptedException e) {
            daemon.close();
            throw e;
        }
    }

    private static GitLabRunners gitlab(Assembly parts, Vertx vertx) {
        try {
            return GitLabRunners.open(parts.settings(), parts.directory(), vertx);
        } catch (RuntimeException e) {
            vertx.close();
            parts.close();
            throw e;
        }
    }

    private void begin() throws InterruptedException {
        api.start();
        parts.keepAlive();
        requireFitEngines();
        // Before the first claim: what an earlier life left must not meet a new job.
        Sweep sweep = parts.sweep();
        parts.local().start();
        gitlab.tellOldEnds(sweep.receipts());
        parts.reaper().start(SWEEP_EVERY);
        dispatchers.forEach(Dispatcher::start);
        notReady = "";
        started = true;
        parts.stages()
                .audit()
                .record(new AuditEvent.DaemonStarted(Version.current(), parts.daemonId()));
        LOG.info("mayfly is ready version={} api={}", Version.current(), api.endpoint());
    }

    /** What is wrong now will not become right by itself. */
    private void requireFitEngines() throws InterruptedException {
        List<String> lacks = parts.lacks();
        if (!lacks.isEmpty()) {
            throw new StateException(String.join("\n", lacks), null);
        }
    }

    /** Where the API answers; the port is the real one. */
    public ApiEndpoint endpoint() {
        return api.endpoint();
    }

    /**
     * Stops asking for jobs, lets running ones end for as long as the configuration allows, then
     * cancels them. Returns when nothing runs, or when even that did not help in time.
     *
     * @return whether nothing was left running; what was is destroyed by the next start
     */
    public boolean drain() throws InterruptedException {
        notReady = "draining: the daemon was asked to stop";
        dispatchers.forEach(Dispatcher::stopClaiming);
        Duration patience = parts.settings().daemon().drainTimeout();
        LOG.info("draining: no new jobs, running ones may end timeout={}", patience);
        if (awaitIdle(patience)) {
            return true;
        }
        LOG.warn("drain timeout reached, cancelling what runs timeout={}", patience);
        cancelAll();
        return awaitIdle(CANCEL_LIMIT);
    }

    /** Ends the patience of {@link #drain()}: cancels every running job now. */
    public void cancelAll() {
        dispatchers.forEach(d -> d.cancelAll("the daemon is stopping"));
    }

    @Override
    public void close() {
        dispatchers.forEach(Dispatcher::stopClaiming);
        api.close();
        gitlab.close();
        if (started) {
            boolean idle = dispatchers.stream().allMatch(Dispatcher::isIdle);
            parts.stages().audit().record(new AuditEvent.DaemonStopped(idle));
        }
        parts.close();
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("the API's threads did not stop", e);
        }
        lock.close();
        if (started) {
            LOG.info("mayfly has stopped");
        }
    }

    private boolean awaitIdle(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        boolean idle = true;
        for (Dispatcher dispatcher : dispatchers) {
            long left = Math.max(0, deadline - System.nanoTime());
            idle &= dispatcher.awaitIdle(Duration.ofNanos(left));
        }
        return idle;
    }

    private Dispatcher dispatcher(PoolSettings pool) {
        PoolName name = pool.terms().pool();
        SlotPool slots = new SlotPool(name, pool.slots());
        parts.stages()
                .metrics()
                .watch(
                        name,
                        () -> slots.occupancy().free(),
                        () -> slots.occupancy().used(),
                        () -> slots.occupancy().quarantined());
        if (pool.terms().egress() != null) {
            parts.stages()
                    .metrics()
                    .watchEgress(
                            name,
                            Arrays.stream(Connection.Verdict.values())
                                    .map(Connection.Verdict::word)
                                    .toList());
        }
        return new Dispatcher(parts.stages(), pool.terms(), slots, sourcesOf(name));
    }

    private List<JobSource> sourcesOf(PoolName pool) {
        List<JobSource> sources = new ArrayList<>(gitlab.feeding(pool));
        if (parts.settings().local().feeds().contains(pool)) {
            sources.add(parts.local());
        }
        return sources;
    }

    /** A pool that no source feeds has nothing to do. */
    private boolean isFed(PoolSettings pool) {
        boolean fed = !sourcesOf(pool.terms().pool()).isEmpty();
        if (!fed) {
            LOG.warn("no source feeds pool={}", pool.terms().pool());
        }
        return fed;
    }

    private ApiProbes.Metrics metrics(String accept) {
        Exposition.Scrape scrape = parts.exposition().scrape(accept);
        return new ApiProbes.Metrics(scrape.contentType(), scrape.text());
    }

    private List<String> reasonsNotReady() {
        List<String> reasons = new ArrayList<>();
        if (!notReady.isEmpty()) {
            reasons.add(notReady);
        }
        reasons.addAll(readiness.reasons());
        return reasons;
    }

    private Readiness readiness() {
        List<PoolName> pools =
                parts.settings().pools().stream().map(pool -> pool.terms().pool()).toList();
        return new Readiness(
                pools,
                pool -> parts.stages().sandboxes().unhealthyBecause(pool).orElse(""),
                parts.stages().secrets()::unhealthyBecause,
                parts.stages().audit()::unhealthyBecause,
                pools.stream().flatMap(pool -> sourcesOf(pool).stream()).distinct().toList());
    }

    /** Where the API of a configuration listens. */
    public static ApiEndpoint endpoint(MayflySettings settings) {
        return switch (settings.api().listen()) {
            case Listen.Tcp(String host, int port) -> new ApiEndpoint.Tcp(host, port, Set.of());
            case Listen.UnixSocket(var path) -> new ApiEndpoint.UnixSocket(path);
        };
    }

    private static ApiToken token(MayflySettings settings) {
        SecretValue given = settings.api().token();
        return given == null
                ? ApiToken.readOrCreate(settings.api().tokenFile())
                : ApiToken.of(given);
    }
}
