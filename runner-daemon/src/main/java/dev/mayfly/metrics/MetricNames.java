package dev.mayfly.metrics;

/**
 * What each meter is called. Prometheus shows them with underscores, unit and type, as {@code
 * docs/reference/metrics.md} lists them. Renaming one breaks dashboards and alerts.
 */
public final class MetricNames {

    /** Jobs that have an outcome. */
    public static final String JOBS_FINISHED = "mayfly.jobs.finished";

    /** Jobs that were taken from a source. */
    public static final String JOBS_CLAIMED = "mayfly.jobs.claimed";

    /** How long jobs waited at their source. */
    public static final String QUEUE_WAIT = "mayfly.queue.wait";

    /** Jobs that wait at a source, where that is known. */
    public static final String QUEUE_JOBS = "mayfly.queue.jobs";

    /** For how long the first of them has waited. */
    public static final String QUEUE_OLDEST = "mayfly.queue.oldest.age";

    /** Whether a source answers. */
    public static final String SOURCE_HEALTHY = "mayfly.source.healthy";

    /** What of logs a source's server does not have yet. */
    public static final String SINK_WAITING = "mayfly.sink.waiting";

    /** For how long it has not had all. */
    public static final String SINK_LAG = "mayfly.sink.lag";

    /** Jobs of which something is left, although it should be gone. */
    public static final String JOBS_QUARANTINED = "mayfly.jobs.quarantined";

    /** How long jobs were in a phase. */
    public static final String JOB_PHASE = "mayfly.job.phase";

    /** Slots by what they are doing. */
    public static final String SLOTS = "mayfly.slots";

    /** Whether a pool's jobs could be served now. */
    public static final String POOL_HEALTHY = "mayfly.pool.healthy";

    /** Which of what they need can serve them. */
    public static final String DEPENDENCY_HEALTHY = "mayfly.dependency.healthy";

    /** Calls of engines. */
    public static final String ENGINE_CALLS = "mayfly.engine.call";

    /** What jobs printed. */
    public static final String LOG_RECEIVED = "mayfly.log.received";

    /** What of it was kept and handed on. */
    public static final String LOG_DELIVERED = "mayfly.log.delivered";

    /** What of it was not kept, because of the pool's limit. */
    public static final String LOG_DROPPED = "mayfly.log.dropped";

    /** What was kept and could not be delivered where it should go. */
    public static final String LOG_UNDELIVERED = "mayfly.log.undelivered";

    /** Occurrences of secrets that were masked. */
    public static final String MASKED = "mayfly.masked";

    /** The same by secret and form. */
    public static final String SECRET_HITS = "mayfly.secret.hits";

    /** Values that should be masked and cannot be. */
    public static final String UNMASKABLE = "mayfly.unmaskable.values";

    /** Archives that did not leave the host because a secret is in them. */
    public static final String WITHHELD = "mayfly.withheld.archives";

    /** Secrets that jobs were given. */
    public static final String SECRETS_FETCHED = "mayfly.secrets.fetched";

    /** Those of jobs that are not over. */
    public static final String SECRETS_ALIVE = "mayfly.secrets.alive";

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

    /** Jobs that were let in, held or denied. */
    public static final String POLICY_DECISIONS = "mayfly.policy.decisions";

    /** Rules that were about a job. */
    public static final String RULES_APPLIED = "mayfly.policy.rules.applied";

    /** Whether the policy files are not what is followed. */
    public static final String POLICY_STALE = "mayfly.policy.stale";

    /** Jobs that somebody can approve. */
    public static final String APPROVALS_WAITING = "mayfly.approvals.waiting";

    /** Endpoints whose connection is not encrypted, because the configuration allows it. */
    public static final String INSECURE_ENDPOINTS = "mayfly.insecure.endpoints";

    /** When a certificate or a token ends. */
    public static final String CREDENTIAL_EXPIRY = "mayfly.credential.expiry.timestamp";

    /** What is free on a file system that Mayfly needs. */
    public static final String DISK_FREE = "mayfly.disk.free";

    /** How large that is. */
    public static final String DISK_SIZE = "mayfly.disk.size";

    /** Connections that jobs made, or wanted to, where a pool filters them. */
    public static final String EGRESS_CONNECTIONS = "mayfly.egress.connections";

    /** What went through them. */
    public static final String EGRESS_TRAFFIC = "mayfly.egress.traffic";

    /** Destinations where no job of the same project had been before. */
    public static final String EGRESS_FIRST_SEEN = "mayfly.egress.first.seen";

    /** Events of the audit trail that are not written yet. */
    public static final String AUDIT_WAITING = "mayfly.audit.events.waiting";

    /** For how long the first of them has waited. */
    public static final String AUDIT_LAG = "mayfly.audit.lag";

    /** Events that found no place in it. */
    public static final String AUDIT_LOST = "mayfly.audit.events.lost";

    /** How old the images that jobs ran in were. */
    public static final String IMAGE_AGE = "mayfly.image.age";

    /** Always 1; its labels say what runs. */
    public static final String BUILD = "mayfly.build.info";

    private MetricNames() {}
}
