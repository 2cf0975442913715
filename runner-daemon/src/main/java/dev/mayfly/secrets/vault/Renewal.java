package dev.mayfly.secrets.vault;

import dev.mayfly.job.JobId;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretAudit.Action;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a job's token and leases alive as long as the job runs, in small steps, so that all of it
 * dies soon if the daemon does.
 */
final class Renewal implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Renewal.class);

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** For what has reached its greatest age: asking each second would only fill logs. */
    private static final Duration NEVER_AGAIN = Duration.ofDays(3650);

    private final JobId job;
    private final PatientApi api;
    private final Hidden hidden;
    private final SecretAudit audit;
    private final Thread thread;
    private volatile Consumer<String> listener = _ -> {};

    /**
     * What is renewed.
     *
     * @param token of the job, by which it is
     * @param id of a lease, or null for the token itself
     * @param span that it is renewed for
     */
    record Item(JobToken token, @Nullable String id, Duration span) {

        /** What it is called; of a lease, as in the notice of its beginning. */
        String name() {
            return id == null ? "token" : id;
        }
    }

    private Renewal(JobId job, PatientApi api, List<Item> items, Hidden hidden, SecretAudit audit) {
        this.job = job;
        this.api = api;
        this.hidden = hidden;
        this.audit = audit;
        this.thread =
                Thread.ofVirtual()
                        .name("renew-" + job)
                        .unstarted(() -> renewAll(List.copyOf(items)));
    }

    /**
     * Begins to renew.
     *
     * @param hidden what is not said of failures
     */
    static Renewal start(
            JobId job, PatientApi api, List<Item> items, Hidden hidden, SecretAudit audit) {
        Renewal renewal = new Renewal(job, api, items, hidden, audit);
        renewal.thread.start();
        return renewal;
    }

    /**
     * Gives a token its working life. Before it is used, and after it is in the journal.
     *
     * @param life wanted
     * @return granted
     */
    static Duration lift(JobId job, JobToken token, Duration life, PatientApi api, Until until)
            throws InterruptedException {
        return lifetime(renewToken(job, token, life, api, until));
    }

    private static VaultAnswer renewToken(
            JobId job, JobToken token, Duration span, PatientApi api, Until until)
            throws InterruptedException {
        return api.untilItWorks(
                VaultRequest.write(
                                "auth/token/renew-self",
                                Map.of("increment", span.toSeconds() + "s"))
                        .as(token.value())
                        .about(job.value()),
                until);
    }

    private static Duration lifetime(VaultAnswer renewedToken) {
        return Duration.ofSeconds(renewedToken.auth().path("lease_duration").asLong());
    }

    /** Who hears, from now on, of what could not be renewed, in the words of a job's log. */
    void tell(Consumer<String> news) {
        listener = news;
    }

    /** One item over time. */
    private static final class Kept {
        private final Item item;
        private long due;
        private Instant end;
        private boolean failing;
        private boolean ending;

        Kept(Item item) {
            this.item = item;
            this.due = System.nanoTime() + third(item.span()).toNanos();
            this.end = Instant.now().plus(item.span());
        }

        /** A third, so that two more attempts are left when one fails. */
        private static Duration third(Duration span) {
            Duration third = span.dividedBy(3);
            return third.compareTo(SHORTEST) < 0 ? SHORTEST : third;
        }

        void goodFor(Duration span) {
            due = System.nanoTime() + third(span).toNanos();
            end = Instant.now().plus(span);
        }

        void again(Duration later) {
            due = System.nanoTime() + third(later).toNanos();
        }

        /** A lease's id begins with its path; the rest is for operators. */
        String told() {
            String what =
                    item.id() == null
                            ? "the job's token"
                            : "the lease of " + item.id().replaceFirst("/[^/]*$", "");
            return "secrets from Vault: " + what;
        }

        String end() {
            return end.truncatedTo(ChronoUnit.SECONDS).toString();
        }
    }

    private void renewAll(List<Item> items) {
        List<Kept> all = items.stream().map(Kept::new).toList();
        try {
            while (!all.isEmpty()) {
                Kept next = all.getFirst();
                for (Kept one : all) {
                    next = one.due - next.due < 0 ? one : next;
                }
                Thread.sleep(Duration.ofNanos(Math.max(0, next.due - System.nanoTime())));
                renew(next);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the job is over
        }
    }

    private void renew(Kept kept) throws InterruptedException {
        Item item = kept.item;
        try {
            Duration span;
            String request;
            // Shorter than what is left, so that the next attempt does not come too late.
            Until until = Until.in(Until.in(LIMIT).atMost(Kept.third(item.span())));
            if (item.id() == null) {
                VaultAnswer answer = renewToken(job, item.token(), item.span(), api, until);
                span = lifetime(answer);
                request = answer.requestId();
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
                                        .as(item.token().value())
                                        .about(job.value()),
                                until);
                span = Duration.ofSeconds(answer.body().path("lease_duration").asLong());
                request = answer.requestId();
            }
            record(item.name(), SecretAudit.Event.OK, request);
            kept.goodFor(span);
            tellSuccess(kept, span);
        } catch (VaultFailure e) {
            String reason = hidden.outOf(e.reason());
            LOG.warn("cannot be renewed job={} what={}: {}", job, item.name(), reason);
            record(item.name(), reason, "");
            if (!kept.failing) {
                kept.failing = true;
                listener.accept(
                        "%s could not be renewed and ends at %s%s: %s"
                                .formatted(
                                        kept.told(),
                                        kept.end(),
                                        e.passing() ? ", unless a later attempt succeeds" : "",
                                        reason));
            }
            kept.again(e.passing() ? item.span().dividedBy(3) : NEVER_AGAIN);
        }
    }

    private void tellSuccess(Kept kept, Duration span) {
        if (kept.failing) {
            kept.failing = false;
            listener.accept(kept.told() + " is renewed again");
        }
        boolean ending = span.multipliedBy(2).compareTo(kept.item.span()) < 0;
        if (ending && !kept.ending) {
            kept.ending = true;
            listener.accept(
                    kept.told() + " has reached its greatest age and ends at " + kept.end());
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
