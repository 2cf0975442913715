package dev.mayfly.metrics;

/**
 * What each meter is called. Prometheus shows them with underscores, unit and type, as {@code
 * docs/reference/metrics.md} lists them. Renaming one breaks dashboards and alerts.
 */
public final class MetricNames {

    /** Jobs that have an outcome. */
    public static final String JOBS_FINISHED = "mayfly.jobs.finished";

    /** Jobs of which something is left, although it should be gone. */
    public static final String JOBS_QUARANTINED = "mayfly.jobs.quarantined";

    /** How long jobs were in a phase. */
    public static final String JOB_PHASE = "mayfly.job.phase";

    /** Slots by what they are doing. */
    public static final String SLOTS = "mayfly.slots";

    /** Whether a pool's jobs could be served now. */
    public static final String POOL_HEALTHY = "mayfly.pool.healthy";

    /** What jobs printed. */
    public static final String LOG_RECEIVED = "mayfly.log.received";

    /** What of it was not kept, because of the pool's limit. */
    public static final String LOG_DROPPED = "mayfly.log.dropped";

    /** What was kept and could not be delivered where it should go. */
    public static final String LOG_UNDELIVERED = "mayfly.log.undelivered";

    /** Occurrences of secrets that were masked. */
    public static final String MASKED = "mayfly.masked";

    /** The same by secret and form. */
    public static final String SECRET_HITS = "mayfly.secret.hits";

    /** Logins, reads, renewals, revocations and refusals of secrets. */
    public static final String SECRET_USES = "mayfly.secret.uses";

    /** What of jobs that are over a secrets provider may still know. */
    public static final String SECRETS_UNREVOKED = "mayfly.secrets.unrevoked";

    /** How long it took to destroy the environments of jobs. */
    public static final String TEARDOWN = "mayfly.teardown";

    /** Resources that could not be removed, or not be shown to be gone. */
    public static final String LEFTOVERS = "mayfly.leftovers";

    /** Searches for what earlier lives left behind. */
    public static final String SWEEPS = "mayfly.sweeps";

    /** Jobs of which a sweep found something. */
    public static final String SWEPT_JOBS = "mayfly.swept.jobs";

    /** Rules that were about a job. */
    public static final String RULES_APPLIED = "mayfly.policy.rules.applied";

    /** Whether the policy files are not what is followed. */
    public static final String POLICY_STALE = "mayfly.policy.stale";

    /** Jobs that somebody can approve. */
    public static final String APPROVALS_WAITING = "mayfly.approvals.waiting";

    /** Endpoints whose connection is not encrypted, because the configuration allows it. */
    public static final String INSECURE_ENDPOINTS = "mayfly.insecure.endpoints";

    /** Connections that jobs made, or wanted to, where a pool filters them. */
    public static final String EGRESS_CONNECTIONS = "mayfly.egress.connections";

    /** What went through them. */
    public static final String EGRESS_TRAFFIC = "mayfly.egress.traffic";

    /** Destinations where no job of the same project had been before. */
    public static final String EGRESS_FIRST_SEEN = "mayfly.egress.first.seen";

    /** Events of the audit trail that are not written yet. */
    public static final String AUDIT_WAITING = "mayfly.audit.events.waiting";

    /** Events that found no place in it, until it says so itself. */
    public static final String AUDIT_LOST = "mayfly.audit.events.lost";

    /** How old the images that jobs ran in were. */
    public static final String IMAGE_AGE = "mayfly.image.age";

    /** Always 1; its labels say what runs. */
    public static final String BUILD = "mayfly.build.info";

    private MetricNames() {}
}
