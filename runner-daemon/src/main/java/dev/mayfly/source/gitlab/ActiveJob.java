package dev.mayfly.source.gitlab;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.source.Exchange;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A job between its hand-out and the moment in which the server has its end. */
final class ActiveJob {

    private static final Logger LOG = LoggerFactory.getLogger(ActiveJob.class);

    private final JobPayload payload;
    private final Cancellation cancellation = new Cancellation();
    private final AtomicBoolean cancelledByServer = new AtomicBoolean();
    private final OpenJobs open;
    private final OpenJobs.OpenJob note;
    private final TraceSpool spool;
    private final TraceWriter log;
    private final TraceDelivery delivery;
    private volatile Exchange exchange = Exchange.NONE;

    /**
     * Prepares.
     *
     * @param note what was noted of it, without an end
     * @param spool closed with this
     */
    ActiveJob(
            OpenJobs open,
            OpenJobs.OpenJob note,
            JobPayload payload,
            JobApi api,
            TraceSpool spool,
            GitLabSourceSettings settings,
            RandomGenerator random) {
        this.open = open;
        this.note = note;
        this.payload = payload;
        this.spool = spool;
        this.log =
                new TraceWriter(
                        spool,
                        settings.limits().logBytes(),
                        payload.facts().server().sections(),
                        Long.toHexString(random.nextLong() | Long.MIN_VALUE));
        this.delivery =
                new TraceDelivery(
                        api,
                        spool,
                        settings.pacing().trace(),
                        payload.work().shown(),
                        random,
                        new TraceDelivery.Listener() {
                            @Override
                            public void canceling() {
                                cancelledAtServer("a user cancelled it at GitLab");
                            }

                            @Override
                            public void over(@Nullable String status) {
                                cancelledAtServer(
                                        status == null
                                                ? "GitLab does not know it any more"
                                                : "GitLab has ended it: " + status);
                            }
                        });
    }

    JobId id() {
        return note.id();
    }

    JobPayload payload() {
        return payload;
    }

    Cancellation cancellation() {
        return cancellation;
    }

    boolean cancelledByServer() {
        return cancelledByServer.get();
    }

    TraceWriter log() {
        return log;
    }

    TraceDelivery delivery() {
        return delivery;
    }

    /** How its files come and go; nothing is exchanged before that is set. */
    Exchange exchange() {
        return exchange;
    }

    void exchange(Exchange through) {
        exchange = through;
    }

    /** The server wishes the end of the job. */
    void cancelledAtServer(String why) {
        cancelledByServer.set(true);
        cancellation.request(why);
    }

    /** How it ended. Noted when this returns, and told to the server from now on. */
    void ended(FinalState state) throws IOException {
        open.note(note.with(state));
        delivery.finish(state);
    }

    /** Stops the delivery, wherever it is. What the server does not have yet stays noted. */
    void close() throws InterruptedException {
        delivery.stop();
        try {
            spool.close();
        } catch (IOException e) {
            LOG.warn("a log was not closed job={}", id(), e);
        }
    }
}
