package dev.mayfly.bootstrap;

import dev.mayfly.egress.Connection;
import dev.mayfly.egress.EgressRecords;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.metrics.JobMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connections of jobs, as lines of the daemon's log in a documented form, and counted. */
final class LoggedEgress implements EgressRecords {

    private static final Logger LOG = LoggerFactory.getLogger("mayfly.audit");

    private final JobMetrics metrics;

    LoggedEgress(JobMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void record(JobId job, PoolName pool, Connection one) {
        LOG.info(
                "egress verdict={} job={} pool={} from=\"{}\" destination=\"{}\" address={} up={}"
                        + " down={} ms={} new={} because=\"{}\"",
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
                one.because());
        metrics.connection(
                pool,
                one.verdict().word(),
                one.traffic().upBytes(),
                one.traffic().downBytes(),
                one.firstSeen());
    }
}
