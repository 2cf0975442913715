package dev.mayfly.bootstrap;

import dev.mayfly.config.MayflySettings;
import dev.mayfly.decision.KeptDecisions;
import dev.mayfly.decision.SqliteApprovals;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.time.InstantSource;

/**
 * What was decided of jobs, for people of this host. Works on the state directory and needs no
 * daemon; whoever may write there could do more than approve a job.
 */
public final class Desk implements AutoCloseable {

    private final StateStore store;
    private final SqliteApprovals approvals;
    private final KeptDecisions decisions;

    private Desk(MayflySettings settings) {
        InstantSource clock = InstantSource.system();
        store = StateStore.open(new StateDirectory(settings.daemon().stateDirectory()).create());
        approvals = new SqliteApprovals(store, settings.policy().approvalExpires(), clock);
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
