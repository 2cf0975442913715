package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.state.StateStore;
import java.time.Clock;

/** Writes down how far a job is. It is on the disk when a method returns. */
record JobProgress(StateStore store, Uploads uploads, Clock clock) {

    void enter(JobId job, JobPhase phase) {
        store.write(in -> {
            JobTable.phase(in, job, phase, clock.instant());
            return job;
        });
    }

    /** Gives a job its outcome, if it has none yet; nobody needs its packed workspace then. */
    void end(JobId job, Outcome outcome, JobPhase phase) {
        store.write(in -> JobTable.end(in, job, outcome, phase, clock.instant()));
        uploads.delete(job);
    }
}
