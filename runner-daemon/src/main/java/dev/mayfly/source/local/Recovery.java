package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.state.StateStore;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Gives jobs of dead processes their final state: never run again, never forgotten. */
record Recovery(StateStore store, JobProgress progress) {

    /** See {@link LocalSource#recover}. */
    Set<JobId> recover(Supplier<Set<LifeId>> living) {
        List<JobTable.Unreleased> taken = store.read(JobTable::unreleased);
        List<JobTable.Unreleased> reserved = store.read(JobTable::reserved);
        if (taken.isEmpty() && reserved.isEmpty()) {
            return Set.of();
        }
        Set<LifeId> alive = living.get();
        for (JobTable.Unreleased job : reserved) {
            if (!alive.contains(job.life())) {
                progress.end(
                        job.id(),
                        new Outcome.Cancelled("the process that was to run it has ended"),
                        JobPhase.FINISHED);
            }
        }
        Set<JobId> orphans = new LinkedHashSet<>();
        for (JobTable.Unreleased job : taken) {
            if (!alive.contains(job.life())) {
                progress.end(job.id(), new Outcome.Lost(), JobPhase.TEARING_DOWN);
                orphans.add(job.id());
            }
        }
        return orphans;
    }
}
