package dev.mayfly.secrets.vault;

import dev.mayfly.job.JobId;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretAudit.Action;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a job's token and leases alive as long as the job runs, in small steps, so that all of it
 * dies soon if the daemon does.
 */
final class Renewal implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Renewal.class);

    /** Long enough for a change of the server's leader, short enough for a daemon that is gone. */
    static final Duration WORKING = Duration.ofMinutes(15);

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** For what has reached its greatest age: asking each second would only fill logs. */
    private static final Duration NEVER_AGAIN = Duration.ofDays(3650);

    private final JobId job;
    private final PatientApi api;
    private final JobToken token;
    private final SecretAudit audit;
    private final Thread thread;

    /**
     * What is renewed.
     *
     * @param id of a lease, or null for the token
     * @param span that it is renewed for
     */
    record Item(@Nullable String id, Duration span) {}

    private Renewal(
            JobId job, PatientApi api, JobToken token, List<Item> items, SecretAudit audit) {
        this.job = job;
        this.api = api;
        this.token = token;
        this.audit = audit;
        this.thread =
                Thread.ofVirtual()
                        .name("renew-" + job)
                        .unstarted(() -> renewAll(List.copyOf(items)));
    }

    /** Begins to renew. */
    static Renewal start(
            JobId job, PatientApi api, JobToken token, List<Item> items, SecretAudit audit) {
        Renewal renewal = new Renewal(job, api, token, items, audit);
        renewal.thread.start();
        return renewal;
    }

    /** Gives a token its working life. Before it is used, and after it is in the journal. */
    static Duration lift(JobToken token, PatientApi api, Until until) throws InterruptedException {
        return renewToken(token, WORKING, api, until);
    }

    private static Duration renewToken(JobToken token, Duration span, PatientApi api, Until until)
            throws InterruptedException {
        VaultAnswer answer =
                api.untilItWorks(
                        VaultRequest.write(
                                        "auth/token/renew-self",
                                        Map.of("increment", span.toSeconds() + "s"))
                                .as(token.value()),
                        until);
        return Duration.ofSeconds(answer.auth().path("lease_duration").asLong());
    }

    private void renewAll(List<Item> items) {
        long[] due = new long[items.size()];
        for (int i = 0; i < due.length; i++) {
            due[i] = System.nanoTime() + third(items.get(i).span()).toNanos();
        }
        try {
            while (!items.isEmpty()) {
                int next = 0;
                for (int i = 1; i < due.length; i++) {
                    next = due[i] - due[next] < 0 ? i : next;
                }
                Thread.sleep(Duration.ofNanos(Math.max(0, due[next] - System.nanoTime())));
                Duration span = renew(items.get(next));
                due[next] = System.nanoTime() + third(span).toNanos();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the job is over
        }
    }

    /** A third, so that two more attempts are left when one fails. */
    private static Duration third(Duration span) {
        Duration third = span.dividedBy(3);
        return third.compareTo(SHORTEST) < 0 ? SHORTEST : third;
    }

    /** Returns how long it is good for now, or how long it may be before another attempt. */
    private Duration renew(Item item) throws InterruptedException {
        String what = item.id() == null ? "token" : item.id();
        try {
            Duration span;
            String request = "";
            Until until = Until.in(LIMIT);
            if (item.id() == null) {
                span = renewToken(token, item.span(), api, until);
            } else {
                VaultAnswer answer =
                        api.untilItWorks(
                                VaultRequest.write(
                                                "sys/leases/renew",
                                                Map.of(
                                                        "lease_id",
                                                        item.id(),
                                                        "increment",
                                                        item.span().toSeconds()))
                                        .as(token.value())
                                        .about(job.value()),
                                until);
                span = Duration.ofSeconds(answer.body().path("lease_duration").asLong());
                request = answer.requestId();
            }
            record(what, SecretAudit.Event.OK, request);
            return span;
        } catch (VaultFailure e) {
            LOG.warn("cannot be renewed job={} what={}: {}", job, what, e.reason());
            record(what, e.reason(), "");
            return e.passing() ? item.span().dividedBy(3) : NEVER_AGAIN;
        }
    }

    private void record(String what, String outcome, String request) {
        audit.record(new SecretAudit.Event(job, Action.RENEW, what, outcome, request));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
