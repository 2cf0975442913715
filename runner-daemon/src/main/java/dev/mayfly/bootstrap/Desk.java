package dev.mayfly.bootstrap;

import dev.mayfly.audit.AuditEvent;
import dev.mayfly.audit.ChainedTrail;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.decision.KeptDecisions;
import dev.mayfly.decision.SqliteApprovals;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What was decided of jobs, for people of this host. Works on the state directory and needs no
 * daemon; whoever may write there could do more than approve a job.
 */
public final class Desk implements AutoCloseable {

    /** Stands where a process that runs jobs has its own. */
    private static final LifeId BY_HAND = new LifeId("by-hand");

    private final StateStore store;
    private final SqliteApprovals approvals;
    private final KeptDecisions decisions;

    private final Supplier<ChainedTrail> trail;

    private Desk(MayflySettings settings) {
        InstantSource clock = InstantSource.system();
        store = StateStore.open(new StateDirectory(settings.daemon().stateDirectory()).create());
        approvals = new SqliteApprovals(store, settings.policy().approvalExpires(), clock);
        trail = () -> AuditParts.open(settings, BY_HAND, () -> "", clock);
        decisions = new KeptDecisions(store, clock, KeptDecisions.Listener.NONE);
    }

    /**
     * Opens it.
     *
     * @throws dev.mayfly.state.StateException when the state directory cannot be used
     */
    public static Desk open(MayflySettings settings) {
        return new Desk(settings);
    }

    /** Approves a job that waits, and remembers who did. */
    public SqliteApprovals.Effect approve(JobId job, String by) {
        try (ChainedTrail open = trail.get()) {
            SqliteApprovals.Effect effect = approvals.approve(job, by);
            if (effect == SqliteApprovals.Effect.APPROVED) {
                open.record(new AuditEvent.JobApproved(job, by));
            }
            return effect;
        }
    }

    public SqliteApprovals approvals() {
        return approvals;
    }

    public KeptDecisions decisions() {
        return decisions;
    }

    @Override
    public void close() {
        store.close();
    }
}
