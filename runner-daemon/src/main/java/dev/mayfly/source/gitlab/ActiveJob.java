package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Exchange;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
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
    private final Duration patience;
    private volatile Exchange exchange = Exchange.NONE;
    private volatile @Nullable Duration waited;

    private final CountDownLatch destroyed = new CountDownLatch(1);
    private final Object ending = new Object();

    // Guarded by ending.
    private @Nullable FinalState decided;
    private boolean finished;
    private boolean forgotten;

    /**
     * Prepares.
     *
     * @param note what was noted of it, without an end
     * @param spool closed with this
     * @param form of the log, as it was noted
     */
    ActiveJob(
            OpenJobs open,
            OpenJobs.OpenJob note,
            JobPayload payload,
            JobApi api,
            TraceSpool spool,
            TraceWriter.Form form,
            GitLabSourceSettings settings,
            RandomGenerator random) {
        this.open = open;
        this.note = note;
        this.payload = payload;
        this.spool = spool;
        this.patience = settings.pacing().teardown();
        this.log = new TraceWriter(spool, settings.limits().logBytes(), form.style(), form.mark());
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
                                cancelledByServer.set(true);
                                cancellation.requestEntirely(
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

    /** For how long it was in the server's queue, if the server says it. */
    Optional<Duration> waited() {
        return Optional.ofNullable(waited);
    }

    void waited(JsonNode seconds) {
        waited = seconds.isNumber() ? Duration.ofMillis((long) (seconds.asDouble() * 1000)) : null;
    }

    /** The server wishes the end of the job. */
    void cancelledAtServer(String why) {
        cancelledByServer.set(true);
        cancellation.request(why);
    }

    /** How it ended. Noted when this returns, and told to the server from now on. */
    void ended(FinalState state) throws IOException {
        note(state);
        finish(state);
    }

    /**
     * How it ended, while its environment is still there. Noted when this returns, and told to the
     * server as soon as that is destroyed, or will not be for a while.
     */
    void decided(FinalState state) throws IOException {
        note(state);
        synchronized (ending) {
            decided = state;
        }
        Thread.ofVirtual()
                .name("teardown-" + id())
                .start(() -> {
                    try {
                        if (!destroyed.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                            finish(state);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt(); // nobody does
                    }
                });
    }

    /** What became of its environment; the last words of its log. What comes too late is unsaid. */
    void destroyed(Receipt receipt) {
        synchronized (ending) {
            FinalState state = decided;
            if (state == null || finished || forgotten) {
                return;
            }
            try {
                tell(receipt, log);
            } catch (IOException e) {
                LOG.warn("the end of a job's log was not kept job={}", id(), e);
            }
            finish(state);
        }
        destroyed.countDown();
    }

    /** Says what became of an environment, in a section of its own. */
    static void tell(Receipt receipt, TraceWriter log) throws IOException {
        log.sectionStarted(receipt.at(), TraceWriter.TEARDOWN);
        log.notice(receipt.at(), words(receipt));
        log.sectionEnded(receipt.at(), TraceWriter.TEARDOWN);
    }

    /** The server may have ended the job before it ended here: then there is nothing to tell. */
    private void note(FinalState state) throws IOException {
        synchronized (ending) {
            if (!forgotten) {
                open.note(note.with(state));
            }
        }
    }

    private void finish(FinalState state) {
        synchronized (ending) {
            finished = true;
        }
        delivery.finish(state);
    }

    private static String words(Receipt receipt) {
        Map<OwnedResource.Kind, Long> counts =
                receipt.disposals().stream()
                        .collect(
                                Collectors.groupingBy(
                                        disposal -> disposal.resource().kind(),
                                        TreeMap::new,
                                        Collectors.counting()));
        String what =
                counts.entrySet().stream()
                        .map(one ->
                                one.getValue()
                                        + " "
                                        + one.getKey().name().toLowerCase(Locale.ROOT)
                                        + (one.getValue() == 1 ? "" : "s"))
                        .collect(Collectors.joining(", "));
        if (!receipt.clean()) {
            return "not all of it is gone yet (" + what + "); this host goes on until it is";
        }
        return what.isEmpty()
                ? "nothing was made, and nothing is left"
                : "destroyed and looked for again: " + what + "; nothing is left";
    }

    /** The server has its end, or never will: nothing is kept of it from now on. */
    void forget() throws InterruptedException {
        spool.drop(); // where the server has ended it, it may print on for a moment
        close();
        synchronized (ending) {
            forgotten = true;
            open.forget(id());
        }
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
