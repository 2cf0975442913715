package dev.mayfly.bootstrap;

import dev.mayfly.audit.AuditEvent;
import dev.mayfly.audit.AuditTrail;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.secrets.SecretAudit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Uses of secrets, as lines of the daemon's log in a documented form, counted and remembered. */
final class LoggedAudit implements SecretAudit {

    private static final Logger LOG = LoggerFactory.getLogger("mayfly.audit");

    private final JobMetrics metrics;

    private final AuditTrail trail;
    private final Supplier<String> policy;

    /**
     * Knows where to.
     *
     * @param policy digest of the policy that counts
     */
    LoggedAudit(JobMetrics metrics, AuditTrail trail, Supplier<String> policy) {
        this.metrics = metrics;
        this.trail = trail;
        this.policy = policy;
    }

    @Override
    public void record(Event event) {
        LOG.info(
                "secret action={} job={} subject=\"{}\" outcome=\"{}\" request={}" + " policy={}",
                event.word(),
                event.job(),
                event.subject(),
                event.outcome(),
                event.request(),
                policy.get());
        trail.record(
                new AuditEvent.SecretUsed(
                        event.job(),
                        event.word(),
                        event.subject(),
                        event.outcome(),
                        event.request()));
        metrics.secretUsed(event.word(), event.outcome().equals(Event.OK));
    }
}
