package dev.mayfly.secrets.vault;

import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt.Disposal;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretAudit.Action;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Ends a job's leases, then its token, and asks afterwards whether each is gone. By the daemon's
 * identity and by handles alone, so that it is the same after a crash.
 */
final class Retirement {

    /** Of one job. What is not done by then is tried again by whoever asked. */
    private static final Duration BUDGET = Duration.ofSeconds(30);

    /** For a server that stumbles; one that is down for longer is asked again by whoever asked. */
    private static final Duration STUMBLE = Duration.ofSeconds(3);

    /** How long the server may take to forget what it said it had ended. */
    private static final Duration FORGETTING = Duration.ofSeconds(5);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    /** Of one job, so that no job keeps a server busy alone. */
    private static final int AT_A_TIME = 8;

    private final VaultConnection server;
    private final DaemonIdentity daemon;
    private final SecretAudit audit;

    /** What the last attempt did not show to be gone. */
    private final Set<OwnedResource> left = ConcurrentHashMap.newKeySet();

    Retirement(VaultConnection server, DaemonIdentity daemon, SecretAudit audit) {
        this.server = server;
        this.daemon = daemon;
        this.audit = audit;
    }

    /**
     * Ends all of them, several at a time; those that are gone already count as ended.
     *
     * @param hidden what is not said of failures
     * @return one entry for each, leases first
     */
    List<Disposal> retire(JobId job, List<Handle> handles, Hidden hidden)
            throws InterruptedException {
        Until until = Until.in(BUDGET);
        List<Disposal> disposals = new ArrayList<>();
        // A token takes its leases along, but in the server's own time and without a word to us.
        disposals.addAll(together(job, handles, Handle.Lease.class, hidden, until));
        disposals.addAll(together(job, handles, Handle.Token.class, hidden, until));
        return disposals;
    }

    private List<Disposal> together(
            JobId job,
            List<Handle> handles,
            Class<? extends Handle> kind,
            Hidden hidden,
            Until until)
            throws InterruptedException {
        List<Callable<Disposal>> ends = new ArrayList<>();
        for (Handle handle : handles) {
            if (kind.isInstance(handle)) {
                ends.add(() -> retire(job, handle, hidden, until));
            }
        }
        if (ends.isEmpty()) {
            return List.of();
        }
        List<Disposal> disposals = new ArrayList<>();
        ExecutorService threads =
                Executors.newFixedThreadPool(
                        Math.min(AT_A_TIME, ends.size()),
                        Thread.ofVirtual().name("revoke-" + job + "-", 0).factory());
        try {
            for (Future<Disposal> end : threads.invokeAll(ends)) {
                disposals.add(end.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a revocation failed", e.getCause());
        } finally {
            threads.shutdownNow();
        }
        return disposals;
    }

    private Disposal retire(JobId job, Handle handle, Hidden hidden, Until until)
            throws InterruptedException {
        String request = "";
        Disposal disposal;
        try {
            VaultRequest revocation = revocation(handle).about(job.value());
            Until soon = Until.in(until.atMost(STUMBLE));
            request = PatientApi.patiently(() -> daemon.ask(revocation, until), soon).requestId();
            disposal = verified(job, handle, until);
        } catch (VaultFailure e) {
            disposal =
                    isUnknown(handle, e) ? gone(handle, e) : left(handle, hidden.outOf(e.reason()));
        }
        remember(disposal);
        audit.record(
                new SecretAudit.Event(
                        job,
                        Action.REVOKE,
                        disposal.resource().name(),
                        disposal.verified() ? SecretAudit.Event.OK : disposal.evidence(),
                        request));
        return disposal;
    }

    /** Notes what an attempt to end something has come to. */
    void remember(Disposal disposal) {
        if (disposal.verified()) {
            left.remove(disposal.resource());
        } else {
            left.add(disposal.resource());
        }
    }

    /** How many leases and tokens of jobs that are over are not shown to be gone. */
    int left() {
        return left.size();
    }

    private Disposal verified(JobId job, Handle handle, Until until) throws InterruptedException {
        Until patience = Until.in(until.atMost(FORGETTING));
        while (true) {
            try {
                VaultAnswer known = daemon.ask(question(handle).about(job.value()), until);
                if (patience.left().isZero()) {
                    return left(
                            handle,
                            "revoked, but Vault still knows it: "
                                    + known.data().path("ttl").asText("?")
                                    + " s are left of it");
                }
                Thread.sleep(LOOK_AGAIN);
            } catch (VaultFailure e) {
                if (isUnknown(handle, e)) {
                    return gone(handle, e);
                }
                throw e;
            }
        }
    }

    private static VaultRequest revocation(Handle handle) {
        return switch (handle) {
            case Handle.Token(String accessor) ->
                    VaultRequest.write("auth/token/revoke-accessor", Map.of("accessor", accessor));
            case Handle.Lease(String id) ->
                    VaultRequest.write("sys/leases/revoke", Map.of("lease_id", id, "sync", true));
        };
    }

    private static VaultRequest question(Handle handle) {
        return switch (handle) {
            case Handle.Token(String accessor) ->
                    VaultRequest.write("auth/token/lookup-accessor", Map.of("accessor", accessor));
            case Handle.Lease(String id) ->
                    VaultRequest.write("sys/leases/lookup", Map.of("lease_id", id));
        };
    }

    /**
     * Servers say of what they do not know that the question is bad. A bad question for another
     * reason, such as a revocation that the database refuses, has the same status and other words.
     */
    private static boolean isUnknown(Handle handle, VaultFailure answer) {
        String words =
                switch (handle) {
                    case Handle.Token _ -> "invalid accessor";
                    case Handle.Lease _ -> "invalid lease";
                };
        boolean fits = answer.kind() == Kind.REJECTED || answer.kind() == Kind.FORBIDDEN;
        return fits && answer.reason().contains(words);
    }

    private Disposal gone(Handle handle, VaultFailure answer) {
        return new Disposal(
                handle.at(server),
                true,
                "Vault was asked and does not know it: " + answer.reason());
    }

    private Disposal left(Handle handle, String why) {
        return new Disposal(handle.at(server), false, why);
    }
}
