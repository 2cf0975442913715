package dev.mayfly.metrics;

import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
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

    private static final double[] IMAGE_AGE_BUCKETS = {1, 7, 30, 60, 90, 180, 365, 730};

    /** Names of secrets that are told apart; the first ones seen. */
    static final int MOST_SECRETS = 200;

    /** Stands for all names beyond, and for what has no provider's name. */
    public static final String OTHER = "other";

    private final MeterRegistry registry;
    private final Set<String> secrets = new HashSet<>();

    /** Where a secret was found. */
    public enum Channel {
        LOG
    }

    public JobMetrics(MeterRegistry registry) {
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

    /**
     * Counts a rule that was about a job.
     *
     * @param rule its name; there are as many as the policy has
     * @param effect what it does
     * @param enforced whether that counted
     */
    public void ruleApplied(String rule, String effect, boolean enforced) {
        Counter.builder(MetricNames.RULES_APPLIED)
                .description("Rules that were about a job; enforced ones changed its way.")
                .tag("rule", rule)
                .tag("effect", effect)
                .tag("enforced", Boolean.toString(enforced))
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
                .description("1 while changed policy files cannot be used and the last ones count.")
                .register(registry);
        Gauge.builder(MetricNames.APPROVALS_WAITING, waiting)
                .description("Jobs that wait for somebody's approval.")
                .register(registry);
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
     * Counts a job whose outcome is decided.
     *
     * @param source the configuration's name of the source it came from
     */
    public void jobFinished(PoolName pool, String source, Outcome outcome) {
        Counter.builder(MetricNames.JOBS_FINISHED)
                .description("Jobs that have an outcome.")
                .tag("pool", pool.value())
                .tag("source", source)
                .tag("outcome", outcome.word())
                .tag("fault", faultOf(outcome))
                .register(registry)
                .increment();
    }

    /** Measures a phase that a job has left. */
    public void phase(PoolName pool, JobPhase phase, Duration took) {
        Timer.builder(MetricNames.JOB_PHASE)
                .description("How long jobs were in a phase.")
                .serviceLevelObjectives(PHASE_BUCKETS)
                .tag("pool", pool.value())
                .tag("phase", label(phase))
                .register(registry)
                .record(took);
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
                .description("Jobs of which something is left, and is tried to be removed.")
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
     * @param healthy asked at each scrape; must answer at once
     */
    public void watchHealth(PoolName pool, BooleanSupplier healthy) {
        Gauge.builder(MetricNames.POOL_HEALTHY, () -> healthy.getAsBoolean() ? 1 : 0)
                .description("1 while engine and secrets provider can serve the pool's jobs.")
                .tag("pool", pool.value())
                .register(registry);
    }

    /**
     * Adds up one job's finished log.
     *
     * @param receivedBytes what the job printed
     * @param droppedBytes what of it was not kept, because of the pool's limit
     * @param undeliveredBytes what of the rest a slow sink did not get
     */
    public void log(PoolName pool, long receivedBytes, long droppedBytes, long undeliveredBytes) {
        bytes(MetricNames.LOG_RECEIVED, "What jobs printed.", pool)
                .increment((double) receivedBytes);
        bytes(MetricNames.LOG_DROPPED, "What jobs printed beyond the pool's limit.", pool)
                .increment((double) droppedBytes);
        undelivered(pool).increment((double) undeliveredBytes);
    }

    private Counter undelivered(PoolName pool) {
        return bytes(
                MetricNames.LOG_UNDELIVERED,
                "What was kept and could not be delivered where it should go.",
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
                .description("Occurrences of secrets that were masked, by secret and form.")
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
     * Counts a connection that a job made, or wanted to.
     *
     * @param verdict one of a few words
     * @param upBytes from the job
     * @param downBytes to the job
     * @param firstSeen whether no job of its project had been there before
     */
    public void connection(
            PoolName pool, String verdict, long upBytes, long downBytes, boolean firstSeen) {
        Counter.builder(MetricNames.EGRESS_CONNECTIONS)
                .description(
                        "Connections that jobs made or wanted to make, where they are filtered.")
                .tag("pool", pool.value())
                .tag("verdict", verdict)
                .register(registry)
                .increment();
        traffic(pool, "up").increment((double) upBytes);
        traffic(pool, "down").increment((double) downBytes);
        Counter.builder(MetricNames.EGRESS_FIRST_SEEN)
                .description("Destinations where no job of the same project had been before.")
                .tag("pool", pool.value())
                .register(registry)
                .increment(firstSeen ? 1 : 0);
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
     * @param waiting events that are not written yet; must answer at once
     * @param lost events that found no place, until the trail says so itself; must answer at once
     */
    public void watchAudit(Supplier<Number> waiting, Supplier<Number> lost) {
        Gauge.builder(MetricNames.AUDIT_WAITING, waiting)
                .description("Events of the audit trail that are not on the disk yet.")
                .register(registry);
        Gauge.builder(MetricNames.AUDIT_LOST, lost)
                .description(
                        "Events that the audit trail had no place for while it could not write.")
                .register(registry);
    }

    /** Measures how old an image says that it is that a job was made of. */
    public void imageAge(PoolName pool, Duration age) {
        DistributionSummary.builder(MetricNames.IMAGE_AGE)
                .description("How old the images that jobs ran in were, by their own word.")
                .baseUnit("days")
                .serviceLevelObjectives(IMAGE_AGE_BUCKETS)
                .tag("pool", pool.value())
                .register(registry)
                .record(age.toSeconds() / (double) Duration.ofDays(1).toSeconds());
    }

    /** Measures one attempt to destroy a job's environment, and counts what it left. */
    public void teardown(PoolName pool, Duration took, Receipt receipt) {
        Timer.builder(MetricNames.TEARDOWN)
                .description("How long it took to destroy and verify a job's environment.")
                .serviceLevelObjectives(TEARDOWN_BUCKETS)
                .tag("pool", pool.value())
                .tag("clean", Boolean.toString(receipt.clean()))
                .register(registry)
                .record(took);
        for (Receipt.Disposal disposal : receipt.disposals()) {
            if (!disposal.verified()) {
                leftovers(pool, disposal.resource().kind()).increment();
            }
        }
    }

    private Counter leftovers(PoolName pool, OwnedResource.Kind kind) {
        return Counter.builder(MetricNames.LEFTOVERS)
                .description("Resources not shown to be gone after a teardown.")
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
}
