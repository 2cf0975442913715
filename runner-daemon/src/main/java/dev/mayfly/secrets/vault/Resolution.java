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
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;

/** Asks for everything that a job wants, much of it at the same time, each path once. */
final class Resolution {

    /** Of one job, so that no job keeps a server busy alone. */
    private static final int AT_A_TIME = 8;

    private final PatientApi api;
    private final Map<Identity, JobToken> tokens;
    private final BiConsumer<JobId, Handle> journal;
    private final SecretAudit audit;

    /**
     * Prepares the asking.
     *
     * @param tokens of the job
     * @param journal notes a lease before its values are used
     */
    Resolution(
            PatientApi api,
            Map<Identity, JobToken> tokens,
            BiConsumer<JobId, Handle> journal,
            SecretAudit audit) {
        this.api = api;
        this.tokens = Map.copyOf(tokens);
        this.journal = journal;
        this.audit = audit;
    }

    /**
     * What is asked, and as whom.
     *
     * @param identity that the job has a token of
     * @param read what is asked
     */
    record Question(Identity identity, Read read) {}

    /**
     * Asks.
     *
     * @throws VaultFailure naming every path that failed, with its cause
     */
    Map<Question, Fetched> all(JobId job, Set<Question> questions, Until until)
            throws InterruptedException {
        Map<Question, Fetched> fetched = new LinkedHashMap<>();
        Set<String> faults = new TreeSet<>();
        Kind kind = Kind.REJECTED;
        ExecutorService threads =
                Executors.newFixedThreadPool(
                        AT_A_TIME, Thread.ofVirtual().name("read-" + job + "-", 0).factory());
        try {
            Map<Question, Future<Fetched>> asked = new LinkedHashMap<>();
            for (Question question : questions) {
                JobToken token = Objects.requireNonNull(tokens.get(question.identity()));
                asked.put(question, threads.submit(() -> one(job, token, question.read(), until)));
            }
            for (Map.Entry<Question, Future<Fetched>> entry : asked.entrySet()) {
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

    private Fetched one(JobId job, JobToken token, Read read, Until until)
            throws InterruptedException {
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
