package dev.mayfly.secrets.vault;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretAudit.Action;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import dev.mayfly.secrets.vault.VaultReference.Read;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;

/** Asks for everything that a job wants, all at the same time, each path once. */
final class Resolution {

    private final PatientApi api;
    private final JobToken token;
    private final BiConsumer<JobId, Handle> journal;
    private final SecretAudit audit;

    /**
     * Prepares the asking.
     *
     * @param token of the job
     * @param journal notes a lease before its values are used
     */
    Resolution(
            PatientApi api, JobToken token, BiConsumer<JobId, Handle> journal, SecretAudit audit) {
        this.api = api;
        this.token = token;
        this.journal = journal;
        this.audit = audit;
    }

    /**
     * Asks.
     *
     * @throws VaultFailure naming every path that failed, with its cause
     */
    Map<Read, Fetched> all(JobId job, Set<Read> reads, Until until) throws InterruptedException {
        Map<Read, Fetched> fetched = new LinkedHashMap<>();
        Set<String> faults = new TreeSet<>();
        Kind kind = Kind.REJECTED;
        ExecutorService threads =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("read-" + job + "-", 0).factory());
        try {
            Map<Read, Future<Fetched>> asked = new LinkedHashMap<>();
            for (Read read : reads) {
                asked.put(read, threads.submit(() -> one(job, read, until)));
            }
            for (Map.Entry<Read, Future<Fetched>> entry : asked.entrySet()) {
                try {
                    // Each ends by itself: its requests and pauses stop at the same moment.
                    fetched.put(entry.getKey(), entry.getValue().get());
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof VaultFailure failure)) {
                        throw new IllegalStateException("a read failed", e.getCause());
                    }
                    // What only the author can put right is what he wants to hear of.
                    kind =
                            faults.isEmpty() || failure.fault() == Fault.SECRET
                                    ? failure.kind()
                                    : kind;
                    faults.add(failure.reason());
                }
            }
        } finally {
            threads.shutdownNow();
            threads.close(); // nothing is asked any more when what was granted is taken back
        }
        if (!faults.isEmpty()) {
            throw new VaultFailure(kind, String.join("; ", List.copyOf(faults)));
        }
        return fetched;
    }

    private Fetched one(JobId job, Read read, Until until) throws InterruptedException {
        String outcome = SecretAudit.Event.OK;
        String subject = read.path();
        String request = "";
        try {
            VaultAnswer answer =
                    api.untilItWorks(read.request().as(token.value()).about(job.value()), until);
            request = answer.requestId();
            if (!answer.leaseId().isEmpty()) {
                journal.accept(job, new Handle.Lease(answer.leaseId()));
                subject = answer.leaseId();
            }
            Fetched fetched = Fetched.of(read, answer);
            if (fetched.version() > 0) {
                subject = read.path() + " version " + fetched.version();
            }
            return fetched;
        } catch (VaultFailure e) {
            outcome = e.reason();
            throw e;
        } finally {
            audit.record(new SecretAudit.Event(job, Action.READ, subject, outcome, request));
        }
    }
}
