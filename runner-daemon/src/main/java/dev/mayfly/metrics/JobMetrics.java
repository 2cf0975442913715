package dev.mayfly.metrics;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Counts what becomes of jobs. Safe for use by many threads; nothing here blocks or throws.
 *
 * <p>Pools and sources are labels too: there are as many as the configuration names, and no job's
 * author can add one. Names of secrets are bounded here.
 */
public final class JobMetrics {

    private static final Duration[] PHASE_BUCKETS = seconds(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600);
    private static final Duration[] TEARDOWN_BUCKETS = seconds(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30);

    private static final Duration[] IMAGE_AGE_BUCKETS = days(1, 7, 30, 60, 90, 180, 365, 730);

    /** Names of secrets that are told apart; the first ones seen. */
    static final int MOST_SECRETS = 200;

    /** Stands for all names beyond, and for what has no provider's name. */
    public static final String OTHER = "other";

    private final MeterRegistry registry;
    private final Set<String> secrets = new HashSet<>();
    private final Map<PoolName, AtomicInteger> alive = new ConcurrentHashMap<>();

    /** Where a secret was found. */
    public enum Channel {
        LOG
    }

    /** What of a job's files is kept for others. */
    public enum Files {
        ARTIFACTS,
        CACHE
    }

    /**
     * What became of the bytes of a job's log.
     *
     * @param received what the job printed
     * @param delivered what of it was kept and handed on, masked
     * @param dropped what of it was not kept, because of the pool's limit
     * @param undelivered what of the rest a slow sink did not get
     */
    public record LogBytes(long received, long delivered, long dropped, long undelivered) {}

    public JobMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * Counts a rule that was about a job.
     *
     * @param rule its name; there are as many as the policy has
     * @param effect what it does
     * @param enforced whether that counted
     */
    public void ruleApplied(String rule, String effect, boolean enforced) {
        Counter.builder(MetricNames.RULES_APPLIED)
                .description(
                        "Rules that were about a job; enforced is false for those that only"
                                + " report.")
                .tag("rule", rule)
                .tag("effect", effect)
                .tag("enforced", Boolean.toString(enforced))
                .register(registry)
                .increment();
    }

    /**
     * Counts a job that was decided.
     *
     * @param verdict one of a few words
     */
    public void decided(String source, String verdict) {
        Counter.builder(MetricNames.POLICY_DECISIONS)
                .description("Jobs that were let in, held or denied.")
                .tag("source", source)
                .tag("verdict", verdict)
                .register(registry)
                .increment();
    }

    /**
     * Shows from now on what becomes of the policy; once.
     *
     * @param stale whether changed files cannot be used; must answer at once
     * @param waiting how many jobs wait for an approval; must answer at once
     */
    public void watchPolicy(BooleanSupplier stale, Supplier<Number> waiting) {
        Gauge.builder(MetricNames.POLICY_STALE, () -> stale.getAsBoolean() ? 1 : 0)
                .description(
                        "1 while changed policy files cannot be used and the last good policy"
                                + " counts.")
                .register(registry);
        Gauge.builder(MetricNames.APPROVALS_WAITING, waiting)
                .description("Jobs that a rule holds and that nobody has approved yet.")
                .register(registry);
    }

    /**
     * Shows from now on what becomes of a source's jobs in a pool: zeros, because a rate sees no
     * step from nothing to one.
     */
    public void watchJobs(PoolName pool, String source) {
        claimed(pool, source).increment(0);
        finished(pool, source, new Outcome.Passed()).increment(0);
        for (Fault fault : Fault.values()) {
            finished(pool, source, new Outcome.Faulted(fault, "")).increment(0);
        }
    }

    /** Counts a job that was taken from a source. */
    public void jobClaimed(PoolName pool, String source) {
        claimed(pool, source).increment();
    }

    private Counter claimed(PoolName pool, String source) {
        return Counter.builder(MetricNames.JOBS_CLAIMED)
                .description("Jobs that were taken from a source.")
                .tag("pool", pool.value())
                .tag("source", source)
                .register(registry);
    }

    /** Measures how long a job waited at its source. */
    public void waited(JobId job, PoolName pool, String source, Duration wait) {
        Timer timer =
                Timer.builder(MetricNames.QUEUE_WAIT)
                        .description("How long jobs waited at their source before they were taken.")
                        .serviceLevelObjectives(PHASE_BUCKETS)
                        .tag("pool", pool.value())
                        .tag("source", source)
                        .register(registry);
        JobExemplars.about(job, "queued", () -> timer.record(wait));
    }

    /**
     * Counts a job whose outcome is decided.
     *
     * @param source the configuration's name of the source it came from
     */
    public void jobFinished(JobId job, PoolName pool, String source, Outcome outcome) {
        Counter counter = finished(pool, source, outcome);
        JobExemplars.about(job, outcome.word(), counter::increment);
    }

    private Counter finished(PoolName pool, String source, Outcome outcome) {
        return Counter.builder(MetricNames.JOBS_FINISHED)
                .description(
                        "Jobs that have an outcome; fault is none unless the outcome is"
                                + " faulted.")
                .tag("pool", pool.value())
                .tag("source", source)
                .tag("outcome", outcome.word())
                .tag("fault", faultOf(outcome))
                .register(registry);
    }

    /** Measures a phase that a job has left. */
    public void phase(JobId job, PoolName pool, JobPhase phase, Duration took) {
        Timer timer =
                Timer.builder(MetricNames.JOB_PHASE)
                        .description("How long jobs were in a phase, measured when they leave it.")
                        .serviceLevelObjectives(PHASE_BUCKETS)
                        .tag("pool", pool.value())
                        .tag("phase", label(phase))
                        .register(registry);
        JobExemplars.about(job, label(phase), () -> timer.record(took));
    }

    /**
     * Shows a pool from the start on, once for each pool: its slots, and zeros where a first event
     * must not be missed, because a rate sees no step from nothing to one.
     *
     * <p>The three are asked at each scrape and must answer at once.
     */
    public void watch(
            PoolName pool,
            Supplier<Number> free,
            Supplier<Number> used,
            Supplier<Number> quarantined) {
        slots(pool, "free", free);
        slots(pool, "used", used);
        slots(pool, "quarantined", quarantined);
        for (OwnedResource.Kind kind : OwnedResource.Kind.values()) {
            leftovers(pool, kind).increment(0);
        }
        for (Channel channel : Channel.values()) {
            maskedIn(pool, channel).increment(0);
        }
        undelivered(pool).increment(0);
        for (Files files : Files.values()) {
            withheldFrom(pool, files).increment(0);
        }
        for (boolean clean : new boolean[] {true, false}) {
            teardown(pool, clean);
        }
        unmaskable(pool, 0);
        secretsFetched(pool, 0);
    }

    private void slots(PoolName pool, String state, Supplier<Number> count) {
        Gauge.builder(MetricNames.SLOTS, count)
                .description("Slots by what they are doing.")
                .tag("pool", pool.value())
                .tag("state", state)
                .register(registry);
    }

    /**
     * Shows from now on how many jobs are not gone although they should be; once.
     *
     * @param count asked at each scrape; must answer at once
     */
    public void watchQuarantine(Supplier<Number> count) {
        Gauge.builder(MetricNames.JOBS_QUARANTINED, count)
                .description(
                        "Jobs of which a container, network, volume or lease is left, and is"
                                + " tried to be removed with growing pauses.")
                .register(registry);
    }

    /**
     * Shows from now on how many leases and tokens of jobs that are over may still be good; once.
     *
     * @param count asked at each scrape; must answer at once
     */
    public void watchUnrevoked(Supplier<Number> count) {
        Gauge.builder(MetricNames.SECRETS_UNREVOKED, count)
                .description(
                        "Leases and tokens of jobs that are over, not shown to be revoked, and tried"
                                + " again.")
                .register(registry);
    }

    /**
     * Shows from now on whether a pool's jobs could be served; once for each pool.
     *
     * <p>The three are asked at each scrape and must answer at once.
     */
    public void watchHealth(
            PoolName pool, BooleanSupplier engine, BooleanSupplier secrets, BooleanSupplier audit) {
        Gauge.builder(
                        MetricNames.POOL_HEALTHY,
                        () ->
                                engine.getAsBoolean()
                                                && secrets.getAsBoolean()
                                                && audit.getAsBoolean()
                                        ? 1
                                        : 0)
                .description(
                        "1 while engine, secrets provider and audit trail can serve the pool's"
                                + " jobs, 0 while it asks for none because one of them cannot.")
                .tag("pool", pool.value())
                .register(registry);
        dependency(pool, "engine", engine);
        dependency(pool, "secrets", secrets);
        dependency(pool, "audit", audit);
    }

    private void dependency(PoolName pool, String dependency, BooleanSupplier healthy) {
        Gauge.builder(MetricNames.DEPENDENCY_HEALTHY, () -> healthy.getAsBoolean() ? 1 : 0)
                .description("1 while what a pool's jobs need can serve them.")
                .tag("pool", pool.value())
                .tag("dependency", dependency)
                .register(registry);
    }

    /**
     * Shows from now on how a source is; the same again changes nothing.
     *
     * <p>The three are asked at each scrape and must answer at once.
     *
     * @param lagBytes what it has not delivered of jobs' logs
     * @param lag for how long the log that is behind the longest has been so
     */
    public void watchSource(
            String source,
            BooleanSupplier healthy,
            Supplier<Number> lagBytes,
            Supplier<Duration> lag) {
        Gauge.builder(MetricNames.SOURCE_HEALTHY, () -> healthy.getAsBoolean() ? 1 : 0)
                .description("1 while a source answers and takes this runner for what it is.")
                .tag("source", source)
                .register(registry);
        Gauge.builder(MetricNames.SINK_WAITING, lagBytes)
                .description("Bytes of logs of jobs that a source's server does not have yet.")
                .baseUnit("bytes")
                .tag("source", source)
                .register(registry);
        Gauge.builder(MetricNames.SINK_LAG, () -> seconds(lag.get()))
                .description("For how long a source's server has not had all of some log.")
                .baseUnit("seconds")
                .tag("source", source)
                .register(registry);
    }

    /**
     * Shows from now on what waits at a source for a pool; the same again changes nothing.
     *
     * <p>The two are asked at each scrape and must answer at once.
     */
    public void watchBacklog(
            PoolName pool, String source, Supplier<Number> jobs, Supplier<Duration> oldest) {
        Gauge.builder(MetricNames.QUEUE_JOBS, jobs)
                .description("Jobs that wait at a source for a pool.")
                .tag("pool", pool.value())
                .tag("source", source)
                .register(registry);
        Gauge.builder(MetricNames.QUEUE_OLDEST, () -> seconds(oldest.get()))
                .description("For how long the first job has waited at a source for a pool.")
                .baseUnit("seconds")
                .tag("pool", pool.value())
                .tag("source", source)
                .register(registry);
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1e3;
    }

    /** Counts secrets that a job was given. */
    public void secretsFetched(PoolName pool, int count) {
        Counter.builder(MetricNames.SECRETS_FETCHED)
                .description("Secrets that jobs were given.")
                .tag("pool", pool.value())
                .register(registry)
                .increment(count);
        alive(pool).addAndGet(count);
    }

    /** Secrets of a job that is over: gone, or counted from now on as not revoked. */
    public void secretsEnded(PoolName pool, int count) {
        alive(pool).addAndGet(-count);
    }

    private AtomicInteger alive(PoolName pool) {
        return alive.computeIfAbsent(
                pool,
                key -> {
                    AtomicInteger count = new AtomicInteger();
                    Gauge.builder(MetricNames.SECRETS_ALIVE, count::get)
                            .description("Secrets that jobs hold which are not over.")
                            .tag("pool", key.value())
                            .register(registry);
                    return count;
                });
    }

    /** Counts values that are secret and cannot be masked, so that they are visible in a log. */
    public void unmaskable(PoolName pool, int count) {
        Counter.builder(MetricNames.UNMASKABLE)
                .description("Values of jobs that should be masked and cannot be.")
                .tag("pool", pool.value())
                .register(registry)
                .increment(count);
    }

    /** Counts files that were not kept for others because a secret is in them. */
    public void withheld(PoolName pool, Files files) {
        withheldFrom(pool, files).increment();
    }

    private Counter withheldFrom(PoolName pool, Files files) {
        return Counter.builder(MetricNames.WITHHELD)
                .description("Archives that did not leave the host because a secret is in them.")
                .tag("pool", pool.value())
                .tag("files", label(files))
                .register(registry);
    }

    /** Adds up one job's finished log. */
    public void log(PoolName pool, LogBytes log) {
        bytes(MetricNames.LOG_RECEIVED, "What jobs printed.", pool)
                .increment((double) log.received());
        bytes(
                        MetricNames.LOG_DELIVERED,
                        "What of jobs' output was kept and handed on, masked.",
                        pool)
                .increment((double) log.delivered());
        bytes(MetricNames.LOG_DROPPED, "What jobs printed beyond the pool's limit.", pool)
                .increment((double) log.dropped());
        undelivered(pool).increment((double) log.undelivered());
    }

    private Counter undelivered(PoolName pool) {
        return bytes(
                MetricNames.LOG_UNDELIVERED,
                "What was kept and a slow CI server did not take in time.",
                pool);
    }

    /**
     * Counts occurrences of one form of one secret that were masked.
     *
     * @param secret what its provider calls it, {@code added} if the job has added it, or the name
     *     of the shape if it only looks like a token; beyond a number of names, all others are
     *     counted as {@code other}
     * @param variant the form, or {@code token_shape}
     * @param count at least 1
     */
    public void masked(PoolName pool, Channel channel, String secret, String variant, long count) {
        maskedIn(pool, channel).increment((double) count);
        Counter.builder(MetricNames.SECRET_HITS)
                .description(
                        "Occurrences of secrets that were masked, by the secret and the form"
                                + " it was found in.")
                .tag("pool", pool.value())
                .tag("channel", label(channel))
                .tag("secret", labelOf(secret))
                .tag("variant", variant)
                .register(registry)
                .increment((double) count);
    }

    private Counter maskedIn(PoolName pool, Channel channel) {
        return Counter.builder(MetricNames.MASKED)
                .description("Occurrences of secrets that were masked.")
                .tag("pool", pool.value())
                .tag("channel", label(channel))
                .register(registry);
    }

    private String labelOf(String secret) {
        synchronized (secrets) {
            boolean known = secrets.contains(secret);
            boolean room = secrets.size() < MOST_SECRETS;
            return known || (room && secrets.add(secret)) ? secret : OTHER;
        }
    }

    private Counter bytes(String name, String description, PoolName pool) {
        return Counter.builder(name)
                .description(description)
                .baseUnit("bytes")
                .tag("pool", pool.value())
                .register(registry);
    }

    /**
     * Counts a use of a secret.
     *
     * @param action one of a few words
     * @param ok whether it went well
     */
    public void secretUsed(String action, boolean ok) {
        Counter.builder(MetricNames.SECRET_USES)
                .description("Logins, reads, renewals, revocations and refusals of secrets.")
                .tag("action", action)
                .tag("ok", Boolean.toString(ok))
                .register(registry)
                .increment();
    }

    /**
     * Shows from the start on a pool whose connections are filtered.
     *
     * @param verdicts all that there are
     */
    public void watchEgress(PoolName pool, List<String> verdicts) {
        verdicts.forEach(verdict -> connections(pool, verdict).increment(0));
        traffic(pool, "up").increment(0);
        traffic(pool, "down").increment(0);
        firstSeen(pool).increment(0);
    }

    /**
     * Counts a connection that a job made, or wanted to.
     *
     * @param verdict one of a few words
     * @param upBytes from the job
     * @param downBytes to the job
     * @param firstSeen whether no job of its project had been there before
     */
    public void connection(
            PoolName pool, String verdict, long upBytes, long downBytes, boolean firstSeen) {
        connections(pool, verdict).increment();
        traffic(pool, "up").increment((double) upBytes);
        traffic(pool, "down").increment((double) downBytes);
        firstSeen(pool).increment(firstSeen ? 1 : 0);
    }

    private Counter connections(PoolName pool, String verdict) {
        return Counter.builder(MetricNames.EGRESS_CONNECTIONS)
                .description(
                        "Connections that jobs made or wanted to make, where they are filtered.")
                .tag("pool", pool.value())
                .tag("verdict", verdict)
                .register(registry);
    }

    private Counter firstSeen(PoolName pool) {
        return Counter.builder(MetricNames.EGRESS_FIRST_SEEN)
                .description("Destinations where no job of the same project had been before.")
                .tag("pool", pool.value())
                .register(registry);
    }

    private Counter traffic(PoolName pool, String direction) {
        return Counter.builder(MetricNames.EGRESS_TRAFFIC)
                .description("What went through connections of jobs, where they are filtered.")
                .baseUnit("bytes")
                .tag("pool", pool.value())
                .tag("direction", direction)
                .register(registry);
    }

    /**
     * Shows from now on how the audit trail keeps up; once.
     *
     * <p>The three are asked at each scrape and must answer at once.
     *
     * @param waiting events that are not written yet
     * @param lag for how long the first of them has waited
     * @param lost events that found no place since the start
     */
    public void watchAudit(
            Supplier<Number> waiting, Supplier<Duration> lag, Supplier<Number> lost) {
        Gauge.builder(MetricNames.AUDIT_WAITING, waiting)
                .description("Events of the audit trail that are not on the disk yet.")
                .register(registry);
        Gauge.builder(MetricNames.AUDIT_LAG, () -> seconds(lag.get()))
                .description("For how long an event has waited for the audit trail's disk.")
                .baseUnit("seconds")
                .register(registry);
        FunctionCounter.builder(MetricNames.AUDIT_LOST, lost, found -> found.get().doubleValue())
                .description(
                        "Events that the audit trail had no place for while it could not write.")
                .register(registry);
    }

    /** Measures how old an image says that it is that a job was made of. */
    public void imageAge(PoolName pool, Duration age) {
        Timer.builder(MetricNames.IMAGE_AGE)
                .description("How old the images that jobs ran in were, by their own word.")
                .serviceLevelObjectives(IMAGE_AGE_BUCKETS)
                .tag("pool", pool.value())
                .register(registry)
                .record(age);
    }

    /** Measures one attempt to destroy a job's environment, and counts what it left. */
    public void teardown(PoolName pool, Duration took, Receipt receipt) {
        Timer timer = teardown(pool, receipt.clean());
        JobExemplars.about(receipt.job(), "teardown", () -> timer.record(took));
        for (Receipt.Disposal disposal : receipt.disposals()) {
            if (!disposal.verified()) {
                leftovers(pool, disposal.resource().kind()).increment();
            }
        }
    }

    private Timer teardown(PoolName pool, boolean clean) {
        return Timer.builder(MetricNames.TEARDOWN)
                .description("How long it took to destroy and verify a job's environment.")
                .serviceLevelObjectives(TEARDOWN_BUCKETS)
                .tag("pool", pool.value())
                .tag("clean", Boolean.toString(clean))
                .register(registry);
    }

    private Counter leftovers(PoolName pool, OwnedResource.Kind kind) {
        return Counter.builder(MetricNames.LEFTOVERS)
                .description(
                        "Resources that a teardown could not show to be gone; each attempt"
                                + " counts again.")
                .tag("pool", pool.value())
                .tag("kind", label(kind))
                .register(registry);
    }

    /**
     * Counts one search for leftovers.
     *
     * @param jobs of how many jobs it found something
     * @param unclean of how many something is left afterwards
     */
    public void sweep(int jobs, int unclean) {
        Counter.builder(MetricNames.SWEEPS)
                .description("Searches for what earlier lives left behind.")
                .register(registry)
                .increment();
        swept("true").increment((double) jobs - unclean);
        swept("false").increment(unclean);
    }

    private Counter swept(String clean) {
        return Counter.builder(MetricNames.SWEPT_JOBS)
                .description("Jobs of which a sweep found something.")
                .tag("clean", clean)
                .register(registry);
    }

    // All series of one name must have the same labels, so the others have one too.
    private static String faultOf(Outcome outcome) {
        return outcome instanceof Outcome.Faulted faulted ? label(faulted.fault()) : "none";
    }

    private static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static Duration[] seconds(double... bounds) {
        return Arrays.stream(bounds)
                .mapToObj(seconds -> Duration.ofMillis(Math.round(seconds * 1000)))
                .toArray(Duration[]::new);
    }

    private static Duration[] days(int... bounds) {
        return Arrays.stream(bounds).mapToObj(Duration::ofDays).toArray(Duration[]::new);
    }
}
