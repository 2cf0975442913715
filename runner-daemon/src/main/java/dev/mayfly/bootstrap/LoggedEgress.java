package dev.mayfly.bootstrap;

import dev.mayfly.audit.AuditEvent;
import dev.mayfly.audit.AuditTrail;
import dev.mayfly.egress.Connection;
import dev.mayfly.egress.EgressRecords;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.metrics.JobMetrics;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections of jobs, as lines of the daemon's log in a documented form, counted and remembered.
 */
final class LoggedEgress implements EgressRecords {

    private static final Logger LOG = LoggerFactory.getLogger("mayfly.audit");

    private final JobMetrics metrics;

    private final AuditTrail trail;
    private final Supplier<String> policy;

    /**
     * Knows where to.
     *
     * @param policy digest of the policy that counts
     */
    LoggedEgress(JobMetrics metrics, AuditTrail trail, Supplier<String> policy) {
        this.metrics = metrics;
        this.trail = trail;
        this.policy = policy;
    }

    @Override
    public void record(JobId job, PoolName pool, Connection one) {
        LOG.info(
                "egress verdict={} job={} pool={} from=\"{}\" destination=\"{}\" address={} up={}"
                        + " down={} ms={} new={} because=\"{}\" policy={}",
                one.verdict().word(),
                job,
                pool,
                one.origin().name(),
                one.destination(),
                one.address() == null ? "-" : one.address(),
                one.traffic().upBytes(),
                one.traffic().downBytes(),
                one.traffic().took().toMillis(),
                one.firstSeen(),
                one.because(),
                policy.get());
        trail.record(
                new AuditEvent.Connected(
                        job,
                        pool.value(),
                        one.verdict().word(),
                        one.origin().name(),
                        one.destination(),
                        one.address(),
                        one.traffic().upBytes(),
                        one.traffic().downBytes(),
                        one.traffic().took().toMillis(),
                        one.firstSeen(),
                        one.because()));
        metrics.connection(
                pool,
                one.verdict().word(),
                one.traffic().upBytes(),
                one.traffic().downBytes(),
                one.firstSeen());
    }
}
