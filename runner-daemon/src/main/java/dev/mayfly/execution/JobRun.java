package dev.mayfly.execution;

import dev.mayfly.admission.Gate;
import dev.mayfly.admission.Verdict;
import dev.mayfly.audit.AuditEvent;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Facts;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job from claim to receipt. Read {@link #toTheEnd()} and {@link #theJob()} first: they are the
 * way of a job, top to bottom. Runs on one virtual thread; the caller holds a slot of the pool.
 */
public final class JobRun {

    private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

    /**
     * Images, checkout, teardown: what a job takes beside its script. Bounds whatever is leased.
     */
    private static final Duration AROUND_THE_SCRIPT = Duration.ofMinutes(30);

    private static final Duration CHECKOUT_LIMIT = Duration.ofMinutes(15);

    /** Parts of secrets that are named one by one. */
    private static final int MOST_VISIBLE = 20;

    /** Between two attempts to fetch secrets; doubled for each further one. */
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /** How long the environment stays for a log that is still on its way to somebody. */
    private static final Duration SETTLING = Duration.ofSeconds(1);

    private final Stages stages;
    private final Claim claim;
    private final PoolTerms terms;
    private final JobPlan plan;
    private final Deadline deadline;
    private final JobLog log;
    private final JobFiles files;
    private final JobNews news;
    private final JobEgress egress;
    private @Nullable SecretLease lease;

    /** As soon as there is one; asked at the end what became of it. */
    private @Nullable Sandbox environment;

    /** Of the job, since it was let in. */
    private Facts.Trusted known = Facts.Trusted.NOTHING;

    /**
     * Prepares the run; nothing happens yet.
     *
     * @param terms of the pool whose slot the caller holds
     */
    public JobRun(Stages stages, Claim claim, JobReport report, PoolTerms terms) {
        this.stages = stages;
        this.claim = claim;
        this.terms = terms;
        this.plan = new JobPlan(claim, terms, report.colours());
        this.deadline = Deadline.in(plan.wholeLimit());
        this.log = new JobLog(stages, claim, report, terms);
        this.files = new JobFiles(stages, claim, plan, log, report.exchange(), deadline);
        this.news = new JobNews(stages, claim, report, terms);
        this.egress = new JobEgress(stages.gateway(), claim, terms, log);
    }

    /**
     * Runs the job to its verified end. Whatever happens, the environment is destroyed.
     *
     * @return the receipt; the slot is free only when it is clean
     */
    public Receipt toTheEnd() throws InterruptedException {
        Outcome outcome = outcome();
        boolean interrupted = Thread.interrupted(); // from here on nothing stops us
        try {
            Thread logEnd =
                    Thread.ofVirtual()
                            .name("log-end-" + claim.job())
                            .start(() -> log.finish(outcome, egress.table()));
            if (logEnd.join(SETTLING)) {
                news.ended(outcome);
                news.enter(JobPhase.TEARING_DOWN);
                return destroyAgain();
            }
            // A server that takes nothing must not keep the environment.
            news.enter(JobPhase.TEARING_DOWN);
            Receipt receipt = destroy();
            logEnd.join(); // bounded by the patience with sinks
            news.ended(outcome);
            news.destroyed(receipt);
            return receipt;
        } finally {
            egress.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Destroys what is left of the job, looks, and reports. Can be repeated until it is clean. */
    Receipt destroyAgain() throws InterruptedException {
        Receipt receipt = destroy();
        news.destroyed(receipt);
        return receipt;
    }

    private Receipt destroy() throws InterruptedException {
        long start = System.nanoTime();
        Receipt receipt = stages.reaper().destroy(claim.job(), lease);
        stages.metrics()
                .teardown(terms.pool(), Duration.ofNanos(System.nanoTime() - start), receipt);
        return receipt;
    }

    /** Whatever a job runs into whose sandbox was ended from outside, that is why it has ended. */
    private Outcome outcome() {
        Outcome outcome = outcomeOfParts();
        return environment == null ? outcome : environment.ended().orElse(outcome);
    }

    /** The one place where what went wrong becomes an outcome. */
    private Outcome outcomeOfParts() {
        try {
            return theJob();
        } catch (InterruptedException e) {
            return deadline.passed() ? deadline.outcome() : plan.cancelled();
        } catch (FaultException e) {
            if (news.preparing() && deadline.passed()) {
                return deadline.outcome();
            }
            if (news.preparing() && claim.cancellation().reason() != null) {
                return plan.cancelled(); // the interrupted part says it in its own way
            }
            LOG.warn("job faulted job={} fault={}", claim.job(), e.fault(), log.masked(e));
            return new Outcome.Faulted(e.fault(), log.line(String.valueOf(e.getMessage())));
        } catch (RuntimeException | Error e) {
            // Errors too: one job's stack overflow must not leave its environment behind.
            LOG.error("defect while running job={}", claim.job(), log.masked(e));
            return new Outcome.Faulted(
                    Fault.INTERNAL,
                    "a defect in Mayfly (" + e.getClass().getSimpleName() + "); see its log");
        }
    }

    private Outcome theJob() throws InterruptedException {
        stages.journal().begin(claim.job(), stages.life());
        // 0 what came with the job is masked before anything is said of it
        List<String> visible = log.hideHanded("a masked variable", plan.masked());
        stages.audit()
                .record(
                        AuditEvent.JobClaimed.of(
                                claim.job(),
                                terms.pool(),
                                claim.facts(),
                                claim.spec().steps(),
                                log.line(claim.spec().name())));
        Sandbox sandbox;
        List<Secret> secrets;
        FaultException missing;
        try (var _ = new Preparation(claim.cancellation(), deadline)) {
            // 1 admission
            Optional<Outcome> refusal = refusal();
            if (refusal.isPresent()) {
                return refusal.get();
            }
            if (claim.cancellation().reason() != null) {
                return plan.cancelled();
            }

            // 2 secrets: all of them, known to the masker before anything can print them
            news.enter(JobPhase.PREPARING);
            log.begin("prepare");
            for (String warning : visible) {
                log.notice(warning);
            }
            secrets = fetchSecrets();

            // 3 sandbox
            sandbox =
                    stages.sandboxes()
                            .create(plan.environment(files.bring(), egress.outlet()), notices());
            environment = sandbox;

            // 4 sources and what other jobs have kept, while no secret is in the sandbox
            missing = provide(sandbox);
            if (missing == null && (files.bring() || !plan.checkout().isEmpty())) {
                sandbox.endCheckout();
            }
        }

        if (claim.cancellation().reason() != null) {
            return plan.cancelled();
        }
        if (missing != null) {
            files.keep(sandbox, false);
            throw missing;
        }

        // 5 script and after_script
        news.enter(JobPhase.RUNNING);
        Outcome outcome = runScript(sandbox, secrets);
        if (outcome instanceof Outcome.OutOfDisk) {
            return outcome; // nothing of it runs any more, and what it holds is freed at once
        }
        int code = runAfterScript(sandbox, secrets, outcome);
        Outcome end =
                code == 0 || !(outcome instanceof Outcome.Passed)
                        ? outcome
                        : new Outcome.Failed(code);

        // 6 files that other jobs and people get, when nothing of the job runs any more
        files.keep(sandbox, end instanceof Outcome.Passed);
        return end;
    }

    private Optional<Outcome> refusal() throws InterruptedException {
        Gate.Answer answer =
                stages.gate()
                        .admit(
                                claim.job(),
                                claim.spec(),
                                claim.facts(),
                                claim.spec().inputs().handed());
        known = answer.facts().trusted();
        return switch (answer.verdict()) {
            case Verdict.Refused(String reason) ->
                    Optional.of(new Outcome.Denied(log.line(reason)));
            case Verdict.Held(var _, String reason) ->
                    Optional.of(new Outcome.Denied(log.line(reason)));
            case Verdict.Admitted(var pool) when !pool.equals(terms.pool()) ->
                    Optional.of(
                            new Outcome.Denied(
                                    "admitted to pool "
                                            + pool
                                            + " but claimed for pool "
                                            + terms.pool()));
            case Verdict.Admitted(var _) -> Optional.empty();
        };
    }

    private List<Secret> fetchSecrets() throws InterruptedException {
        List<HandedValue> handed = claim.spec().inputs().handed();
        List<SecretRequest> wanted =
                plan.secrets(stages.secrets().bound(terms.pool(), known, handed));
        if (wanted.isEmpty()) {
            return List.of();
        }
        SecretLease fetched =
                fetched(
                        new SecretsOrder(
                                claim.job(),
                                terms.pool(),
                                wanted,
                                known,
                                handed,
                                plan.timeout().plus(AROUND_THE_SCRIPT)));
        lease = fetched;
        fetched.tell(log::soon);
        log.hide(fetched.secrets());
        sayVisible(log.hideHanded("a part of a secret", fetched.parts()));
        log.hideHanded(
                "a value", fetched.hidden()); // what of it cannot be masked, the job does not have
        for (String notice : fetched.notices()) {
            log.notice(notice);
        }
        SecretVariables.of(fetched.secrets()); // refused here, before anything is created
        return fetched.secrets();
    }

    private void sayVisible(List<String> visible) throws InterruptedException {
        for (String one : visible.subList(0, Math.min(visible.size(), MOST_VISIBLE))) {
            log.notice(one);
        }
        if (visible.size() > MOST_VISIBLE) {
            log.notice("and so are " + (visible.size() - MOST_VISIBLE) + " more");
        }
    }

    /** Tried as often as the job wishes, as long as it is the provider that fails. */
    private SecretLease fetched(SecretsOrder order) throws InterruptedException {
        Duration pause = FIRST_PAUSE;
        for (int left = files.secretAttempts() - 1; ; left--) {
            try {
                return stages.secrets().fetch(order);
            } catch (FaultException e) {
                if (e.fault() != Fault.SECRETS_PROVIDER || left <= 0) {
                    throw e;
                }
                log.notice("the secrets could not be fetched: " + e.getMessage());
                log.notice("Trying again, attempts left: " + left);
            }
            Thread.sleep(pause);
            pause = pause.multipliedBy(2);
        }
    }

    /** What is said of the sandbox goes to the log; what it is made of is kept for the receipt. */
    private SandboxBackend.Notices notices() {
        return new SandboxBackend.Notices() {
            @Override
            public void notice(String text) throws InterruptedException {
                log.notice(text);
            }

            @Override
            public void uses(UsedImage image) {
                UsedImage masked =
                        new UsedImage(log.line(image.reference()), log.line(image.identity()));
                stages.journal().used(claim.job(), masked);
                stages.audit()
                        .record(
                                new AuditEvent.ImageUsed(
                                        claim.job(), masked.reference(), masked.identity()));
            }

            @Override
            public void aged(Duration age) {
                stages.metrics().imageAge(terms.pool(), age);
            }
        };
    }

    /**
     * Brings what the script needs.
     *
     * @return why that is not there, where the job's files are kept all the same; or null
     * @throws FaultException when nothing more is to be done
     */
    private @Nullable FaultException provide(Sandbox sandbox) throws InterruptedException {
        FaultException missing = fetchSources(sandbox);
        if (missing != null) {
            return missing;
        }
        try {
            files.bring(sandbox);
            return null;
        } catch (FaultException e) {
            return e;
        }
    }

    private @Nullable FaultException fetchSources(Sandbox sandbox) throws InterruptedException {
        List<Step> steps = plan.checkout();
        if (!steps.isEmpty()) {
            log.begin("checkout");
        }
        for (Step step : steps) {
            StepEnd end =
                    sandbox.run(
                            step,
                            log.output(CHECKOUT_LIMIT, claim.cancellation()),
                            CHECKOUT_LIMIT,
                            new Cancellation()); // a cancellation interrupts it
            if (!(end instanceof StepEnd.Exited(int code) && code == 0)) {
                FaultException missing =
                        new FaultException(
                                Fault.WORKSPACE,
                                (step.name().equals("checkout")
                                                ? "the sources could not be fetched: "
                                                : "the job's " + step.name() + "_script failed: ")
                                        + words(end)
                                        + "; the log's checkout section says why");
                if (end instanceof StepEnd.TimedOut || end instanceof StepEnd.OutOfDisk) {
                    throw missing; // there was time, or room, enough
                }
                return missing;
            }
        }
        return null;
    }

    /** With the setup before it, if there is one; what that leaves of the time is the script's. */
    private Outcome runScript(Sandbox sandbox, List<Secret> secrets) throws InterruptedException {
        Duration limit = deadline.atMost(plan.timeout());
        Deadline ofAll = Deadline.in(limit);
        Optional<Step> setup = plan.setup();
        if (setup.isPresent()) {
            log.begin("setup");
            Outcome outcome = run(sandbox, setup.get(), limit, limit);
            if (!(outcome instanceof Outcome.Passed)) {
                return outcome;
            }
            if (claim.cancellation().reason() != null) {
                return plan.cancelled();
            }
        }
        log.begin("script");
        Duration left = setup.isEmpty() ? limit : ofAll.atMost(limit);
        Outcome outcome = run(sandbox, plan.script(secrets), left, limit);
        for (Step step : plan.further(secrets)) {
            if (!(outcome instanceof Outcome.Passed)) {
                break;
            }
            log.begin(step.name());
            outcome = run(sandbox, step, ofAll.atMost(limit), limit);
        }
        return outcome;
    }

    /**
     * Runs commands that count.
     *
     * @param left of the limit
     * @param limit of all of them together
     */
    private Outcome run(Sandbox sandbox, Step step, Duration left, Duration limit)
            throws InterruptedException {
        StepEnd end =
                sandbox.run(
                        step, log.output(left, claim.cancellation()), left, claim.cancellation());
        return deadline.passed() && end instanceof StepEnd.TimedOut
                ? deadline.outcome()
                : plan.outcomeOf(end, limit);
    }

    /** Returns the exit code that counts: 0 too where a failure does not. */
    private int runAfterScript(Sandbox sandbox, List<Secret> secrets, Outcome outcome)
            throws InterruptedException {
        Optional<Step> step = plan.afterScript(secrets, outcome);
        Cancellation unwanted = claim.cancellation().entirely(); // a cancelled job cleans up
        if (step.isEmpty() || deadline.passed() || unwanted.reason() != null) {
            return 0;
        }
        Duration limit = deadline.atMost(plan.afterScriptLimit());
        boolean counts = claim.spec().steps().afterScriptCounts();
        String failure;
        int exitCode = 1;
        try {
            log.begin("after_script");
            StepEnd end = sandbox.run(step.get(), log.output(limit, unwanted), limit, unwanted);
            if (end instanceof StepEnd.Exited(int code)) {
                if (code == 0) {
                    return 0;
                }
                exitCode = code;
            }
            failure = words(end);
        } catch (FaultException e) {
            // Where the script ran out of memory, for example, nothing may be left to run it in.
            failure = String.valueOf(e.getMessage());
        }
        log.notice(
                counts
                        ? "after_script failed: " + failure
                        : "after_script failed, which does not change the outcome: " + failure);
        return counts ? exitCode : 0;
    }

    private static String words(StepEnd end) {
        return switch (end) {
            case StepEnd.Exited(int code) -> "it ended with exit code " + code;
            case StepEnd.OutOfMemory() -> "it ran out of memory";
            case StepEnd.OutOfDisk(String excess) -> excess;
            case StepEnd.TimedOut() -> "it ran into its time limit";
            case StepEnd.Cancelled() -> "it was cancelled";
        };
    }
}
