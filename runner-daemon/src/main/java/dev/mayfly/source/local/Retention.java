package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.state.StateStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes what has been kept long enough, logs included, and what a crash left of uploads.
 *
 * @param keepFinished how long finished jobs are kept
 */
record Retention(StateStore store, Uploads uploads, Clock clock, Duration keepFinished) {

    private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

    /** An upload may take this long before it counts as left over. */
    private static final Duration UPLOAD_LIMIT = Duration.ofHours(6);

    /** One tidying is short, so that nobody waits for it: the rest is for the next. */
    private static final int TIDY_AT_ONCE = 200;

    void tidy() {
        Instant now = clock.instant();
        Instant before = now.minus(keepFinished);
        for (JobId job : store.read(in -> JobTable.finishedBefore(in, before, TIDY_AT_ONCE))) {
            try {
                // The files first: what a crash leaves in between is found again by its row.
                LogFiles.of(store.directory().logs(), job).delete();
                store.write(in -> {
                    JobTable.forget(in, job);
                    return job;
                });
            } catch (IOException e) {
                LOG.warn("The log of job={} could not be deleted, it is tried again", job, e);
            }
        }
        uploads.sweep(this::needsUpload, now.minus(UPLOAD_LIMIT));
    }

    private boolean needsUpload(String file) {
        return file.startsWith("j-")
                && store.read(in -> JobTable.job(in, new JobId(file)))
                        .map(found -> !found.state().ended())
                        .orElse(false);
    }
}
