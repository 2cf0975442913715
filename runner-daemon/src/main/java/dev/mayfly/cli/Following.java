package dev.mayfly.cli;

import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import dev.mayfly.source.local.FollowedLog;
import dev.mayfly.source.local.LocalClient;
import java.io.IOException;
import java.time.Duration;

/** Watching a job until it ends. */
final class Following {

    /** A daemon that restarts is back by then. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Following() {}

    /**
     * Shows the job's log, from its beginning, live.
     *
     * @return the exit code for the job's outcome
     */
    static int to(LocalClient client, JobId job, LogView view)
            throws IOException, InterruptedException {
        try (view) {
            FollowedLog log = client.follow(job, view, PATIENCE);
            String missing = log.end().incompleteBecause();
            if (missing != null) {
                view.incomplete(missing);
            }
            Outcome outcome = log.job().state().outcome();
            return outcome == null ? ExitCode.DEFECT : ExitCode.of(outcome);
        }
    }
}
