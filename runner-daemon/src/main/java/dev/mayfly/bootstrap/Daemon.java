package dev.mayfly.bootstrap;

import dev.mayfly.audit.AuditEvent;
import dev.mayfly.config.ApiSettings.Listen;
import dev.mayfly.config.ConfigException;
import dev.mayfly.config.LoadedConfiguration;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.egress.Connection;
import dev.mayfly.execution.Dispatcher;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import dev.mayfly.metrics.Exposition;
import dev.mayfly.pool.SlotPool;
import dev.mayfly.source.JobSource;
import dev.mayfly.source.local.ApiEndpoint;
import dev.mayfly.source.local.ApiProbes;
import dev.mayfly.source.local.ApiSettings;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.DaemonStatus;
import dev.mayfly.source.local.LocalApi;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.source.local.Operations;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import dev.mayfly.teardown.Sweep;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
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

    /** Without engine calls: waiting for a slot and a source, with room for a slow provider. */
    private static final Duration SILENCE_LIMIT = Duration.ofMinutes(5);

    /** A sweep destroys what many jobs have left, one after the other, and patiently. */
    private static final Duration REAPER_LIMIT = Duration.ofMinutes(15);

    private static final Duration LOOP_BEAT = Duration.ofSeconds(5);
    private static final Duration LOOP_LIMIT = Duration.ofMinutes(1);

    private static final long UPLOAD_BYTES = 4L << 30;

    private final DaemonLock lock;
    private final Assembly parts;
    private final Vertx vertx;
    private final LocalApi api;
    private final GitLabRunners gitlab;
    private final List<Dispatcher> dispatchers;
    private final Readiness readiness;
    private final Maintenance maintenance;
    private final Instant began = Instant.now();
    private final LoadedConfiguration running;
    private volatile boolean started;

    /** When the event loop last did something, by {@link System#nanoTime()}; 0 before it did. */
    private volatile long loopBeat;

    private volatile String notReady = "starting: leftovers of an earlier life are not swept yet";

    private Daemon(DaemonLock lock, Assembly parts, LoadedConfiguration running) {
        this.lock = lock;
        this.parts = parts;
        this.running = running;
        maintenance = Maintenance.in(parts.directory());
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
                        new ApiProbes(
                                this::metrics, this::notAlive, this::reasonsNotReady, operations()),
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
        return start(LoadedConfiguration.fixed(settings));
    }

    /**
     * The same with a configuration that can be read again while it runs.
     *
     * @throws dev.mayfly.state.StateException as above
     */
    public static Daemon start(LoadedConfiguration configuration) throws InterruptedException {
        MayflySettings settings = configuration.settings();
        DaemonLock lock = DaemonLock.take(new StateDirectory(settings.daemon().stateDirectory()));
        Daemon daemon;
        try {
            daemon =
                    new Daemon(
                            lock,
                            Assembly.open(settings, LocalSourceSettings.Queue.SHARED),
                            configuration);
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
        loopBeat = System.nanoTime();
        vertx.setPeriodic(LOOP_BEAT.toMillis(), _ -> loopBeat = System.nanoTime());
        parts.keepAlive();
        requireFitEngines();
        // Before the first claim: what an earlier life left must not meet a new job.
        Sweep sweep = parts.sweep();
        parts.local().start();
        gitlab.tellOldEnds(sweep.receipts());
        parts.reaper().start(SWEEP_EVERY);
        if (maintenance.since().isPresent()) {
            dispatchers.forEach(Dispatcher::pause);
            LOG.warn("drained before the start, taking no jobs until mayfly resume");
        }
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

    /** How long {@link #drain()} may take. */
    public Duration drainLimit() {
        return parts.settings().daemon().drainTimeout().plus(CANCEL_LIMIT);
    }

    /**
     * What in here has stopped to move, so that only a restart helps; empty while all is well. For
     * liveness: the engine, Vault or a server being away is none of it.
     */
    public List<String> notAlive() {
        List<String> reasons = new ArrayList<>();
        Duration limit =
                SILENCE_LIMIT.plus(parts.settings().engine().callTimeout().multipliedBy(4));
        for (Dispatcher dispatcher : dispatchers) {
            silent("claiming for pool " + dispatcher.pool(), dispatcher.silence(), limit, reasons);
        }
        silent("the reaper", parts.reaper().silence(), REAPER_LIMIT.plus(limit), reasons);
        long beat = loopBeat;
        if (beat != 0) {
            silent("the API", Duration.ofNanos(System.nanoTime() - beat), LOOP_LIMIT, reasons);
        }
        return reasons;
    }

    private static void silent(
            String what, Duration silence, Duration limit, List<String> reasons) {
        if (silence.compareTo(limit) > 0) {
            reasons.add(what + " has not moved for " + silence.toSeconds() + " s");
        }
    }

    /** One line for people: what it does now. */
    public String summary() {
        int jobs = dispatchers.stream().mapToInt(dispatcher -> dispatcher.running().size()).sum();
        List<String> reasons = reasonsNotReady();
        return (reasons.isEmpty() ? "taking jobs" : String.join("; ", reasons))
                + ", running: "
                + jobs;
    }

    /**
     * Reads the configuration again. What can change while jobs run applies to the next one; what
     * cannot is named. A configuration with mistakes changes nothing.
     */
    public Operations.Reloading reload() {
        Operations.Reloading result = reloaded();
        switch (result) {
            case Operations.Reloading.Used(var live, var waiting) ->
                    LOG.info("configuration reloaded live={} restart_needed={}", live, waiting);
            case Operations.Reloading.Refused(String because) ->
                    LOG.error(
                            "the changed configuration cannot be used, the running one stays"
                                    + " because={}",
                            because);
        }
        return result;
    }

    private synchronized Operations.Reloading reloaded() {
        try {
            Reload reload = Reload.of(running, parts.settings(), running.again());
            parts.adopt(reload.settings());
            for (PoolSettings pool : reload.settings().pools()) {
                dispatchers.stream()
                        .filter(dispatcher -> dispatcher.pool().equals(pool.terms().pool()))
                        .forEach(dispatcher -> dispatcher.adopt(pool.terms()));
            }
            return new Operations.Reloading.Used(
                    List.copyOf(reload.live()), List.copyOf(reload.waiting()));
        } catch (ConfigException e) {
            return new Operations.Reloading.Refused(String.valueOf(e.getMessage()));
        }
    }

    private Operations operations() {
        return new Operations() {
            @Override
            public DaemonStatus status() {
                return Daemon.this.status();
            }

            @Override
            public void drain() {
                maintenance.begin(Instant.now());
                dispatchers.forEach(Dispatcher::pause);
                LOG.info("drained by an operator, taking no jobs until mayfly resume");
            }

            @Override
            public void resume() {
                maintenance.end();
                dispatchers.forEach(Dispatcher::resume);
                LOG.info("in service again, taking jobs");
            }

            @Override
            public Reloading reload() {
                return Daemon.this.reload();
            }
        };
    }

    private DaemonStatus status() {
        return new DaemonStatus(
                Version.current(),
                began,
                maintenance.since().orElse(null),
                new DaemonStatus.Health(notAlive(), reasonsNotReady()),
                parts.settings().pools().stream().map(this::status).toList());
    }

    private DaemonStatus.Pool status(PoolSettings pool) {
        PoolName name = pool.terms().pool();
        return dispatchers.stream()
                .filter(dispatcher -> dispatcher.pool().equals(name))
                .findFirst()
                .map(dispatcher ->
                        new DaemonStatus.Pool(
                                name.value(),
                                pool.slots(),
                                dispatcher.occupancy().quarantined(),
                                true,
                                started && !dispatcher.atRest(),
                                dispatcher.running().stream().map(JobId::value).sorted().toList()))
                .orElseGet(() ->
                        new DaemonStatus.Pool(
                                name.value(), pool.slots(), 0, false, false, List.of()));
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
        maintenance
                .since()
                .ifPresent(since ->
                        reasons.add("drained since " + since + ": mayfly resume takes jobs again"));
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
