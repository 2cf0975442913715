package dev.mayfly.bootstrap;

import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.secrets.SecretAudit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Uses of secrets, as lines of the daemon's log in a documented form, and counted. */
final class LoggedAudit implements SecretAudit {

    private static final Logger LOG = LoggerFactory.getLogger("mayfly.audit");

    private final JobMetrics metrics;

    LoggedAudit(JobMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void record(Event event) {
        LOG.info(
                "secret action={} job={} subject=\"{}\" outcome=\"{}\" request={}",
                event.word(),
                event.job(),
                event.subject(),
                event.outcome(),
                event.request());
        metrics.secretUsed(event.word(), event.outcome().equals(Event.OK));
    }
}
