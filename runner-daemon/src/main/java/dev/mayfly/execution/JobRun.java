package dev.mayfly.execution;

import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.LogPipeline;
import dev.mayfly.logs.LogPipeline.Section;
import dev.mayfly.logs.LogStatistics;
import dev.mayfly.logs.Maskability;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private static final Duration AFTER_SCRIPT_LIMIT = Duration.ofMinutes(5);

    private final Stages stages;
    private final Claim claim;
    private final JobReport report;
    private final PoolTerms terms;
    private final JobSpec spec;
    private final SandboxLimits limits;
    private final Duration timeout;
    private final LogPipeline log;
    private final MaskedOutput output;
    private JobPhase phase = JobPhase.CLAIMED;
    private long phaseStart = System.nanoTime();
    private @Nullable Section section;
    private @Nullable SecretLease lease;

    /** The outcome as long as the source has not taken it. */
    private @Nullable Outcome untold;

    /**
     * Prepares the run; nothing happens yet.
     *
     * @param terms of the pool whose slot the caller holds
     */
    public JobRun(Stages stages, Claim claim, JobReport report, PoolTerms terms) {
        this.stages = stages;
        this.claim = claim;
        this.report = report;
        this.terms = terms;
        this.spec = claim.spec();
        this.limits = Ceiling.of(terms.limits(), spec.environment().resources());
        this.timeout = Ceiling.lower(spec.steps().timeout(), terms.timeout());
        this.log =
                new LogPipeline(
                        InstantSource.system(), terms.logBytes(), List.of(new SourceLog(report)));
        this.output = new MaskedOutput(log);
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
            endLog(outcome);
            untold = outcome;
            tellOutcome();
            stages.metrics().jobFinished(terms.pool(), claim.source(), outcome);

            enter(JobPhase.TEARING_DOWN);
            return destroyAgain();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Destroys what is left of the job, looks, and reports. Can be repeated until it is clean. */
    Receipt destroyAgain() throws InterruptedException {
        long start = System.nanoTime();
        Receipt receipt = stages.reaper().destroy(claim.job(), lease);
        stages.metrics().teardown(terms.pool(), since(start), receipt);
        if (tellOutcome()) {
            // A job without an end must not look released: the next start gives it one.
            told("receipt", () -> report.released(receipt));
            enter(receipt.clean() ? JobPhase.FINISHED : JobPhase.QUARANTINED);
        }
        return receipt;
    }

    /** The one place where what went wrong becomes an outcome. */
    private Outcome outcome() {
        try {
            return theJob();
        } catch (InterruptedException e) {
            return cancelled();
        } catch (FaultException e) {
            if (preparing() && claim.cancellation().reason() != null) {
                return cancelled(); // the interrupted part says it in its own way
            }
            LOG.warn("job faulted job={} fault={}", claim.job(), e.fault(), masked(e));
            return new Outcome.Faulted(e.fault(), log.line(String.valueOf(e.getMessage())));
        } catch (RuntimeException | Error e) {
            // Errors too: one job's stack overflow must not leave its environment behind.
            LOG.error("defect while running job={}", claim.job(), masked(e));
            return new Outcome.Faulted(
                    Fault.INTERNAL,
                    "a defect in Mayfly (" + e.getClass().getSimpleName() + "); see its log");
        }
    }

    private Outcome theJob() throws InterruptedException {
        stages.journal().begin(claim.job(), stages.life());
        Sandbox sandbox;
        List<Secret> secrets;
        try (var _ = new Preparation(claim.cancellation())) {
            // 1 admission
            Optional<Outcome> refusal = refusal();
            if (refusal.isPresent()) {
                return refusal.get();
            }
            if (claim.cancellation().reason() != null) {
                return cancelled();
            }

            // 2 secrets: all of them, known to the masker before anything can print them
            enter(JobPhase.PREPARING);
            begin("prepare");
            secrets = fetchSecrets();

            // 3 sandbox
            sandbox = stages.sandboxes().create(environment(), log::notice);

            // 4 sources, while no secret is in the sandbox
            fetchSources(sandbox);
        }

        if (claim.cancellation().reason() != null) {
            return cancelled();
        }

        // 5 script and after_script
        enter(JobPhase.RUNNING);
        StepEnd end = runScript(sandbox, secrets);
        Outcome outcome = outcomeOf(end);
        runAfterScript(sandbox, secrets, outcome);
        return outcome;
    }

    private Optional<Outcome> refusal() {
        return switch (stages.admission().review(claim.source(), spec)) {
            case Verdict.Refused(String reason) -> Optional.of(new Outcome.Denied(reason));
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
        List<SecretRequest> wanted = spec.inputs().secrets();
        if (wanted.isEmpty()) {
            return List.of();
        }
        SecretLease fetched =
                stages.secrets()
                        .fetch(claim.job(), terms.pool(), wanted, timeout.plus(AROUND_THE_SCRIPT));
        lease = fetched;
        hide(fetched.secrets());
        SecretVariables.of(fetched.secrets()); // refused here, before anything is created
        return fetched.secrets();
    }

    private void hide(List<Secret> secrets) throws InterruptedException {
        Map<String, SecretValue> byName = new LinkedHashMap<>();
        secrets.forEach(s -> byName.put(s.request().name(), s.value()));
        for (Maskability maskability : log.addSecrets(byName)) {
            if (!(maskability instanceof Maskability.Maskable)) {
                throw new FaultException(Fault.SECRET, maskability.toString());
            }
        }
    }

    private SandboxSpec environment() {
        JobEnvironment asked = spec.environment();
        ImageSpec image = asked.image() == null ? terms.image() : asked.image();
        return new SandboxSpec(
                claim.job(),
                terms.pool(),
                image,
                asked.services(),
                asked.network(),
                SourceSteps.needs(spec.inputs().workspace()),
                limits,
                terms.hardening());
    }

    private void fetchSources(Sandbox sandbox) throws InterruptedException {
        Optional<Step> step = SourceSteps.stepFor(spec.inputs().workspace());
        if (step.isEmpty()) {
            return;
        }
        begin("checkout");
        StepEnd end = sandbox.run(step.get(), log::output, CHECKOUT_LIMIT, new Cancellation());
        if (!(end instanceof StepEnd.Exited(int code) && code == 0)) {
            throw new FaultException(
                    Fault.WORKSPACE,
                    "the sources could not be fetched: "
                            + words(end)
                            + "; the log's checkout section says why");
        }
        sandbox.endCheckout();
    }

    private StepEnd runScript(Sandbox sandbox, List<Secret> secrets) throws InterruptedException {
        begin("script");
        return sandbox.run(
                step("script", spec.steps().script(), secrets, Map.of()),
                output,
                timeout,
                claim.cancellation());
    }

    private void runAfterScript(Sandbox sandbox, List<Secret> secrets, Outcome outcome)
            throws InterruptedException {
        List<String> lines = spec.steps().afterScript();
        if (lines.isEmpty()) {
            return;
        }
        String failure;
        try {
            begin("after_script");
            Map<String, String> result = Map.of("MAYFLY_OUTCOME", outcome.word());
            StepEnd end =
                    sandbox.run(
                            step("after_script", lines, secrets, result),
                            output,
                            AFTER_SCRIPT_LIMIT,
                            new Cancellation()); // a cancelled job still cleans up after itself
            if (end instanceof StepEnd.Exited(int code) && code == 0) {
                return;
            }
            failure = words(end);
        } catch (FaultException e) {
            // Where the script ran out of memory, for example, nothing may be left to run it in.
            failure = String.valueOf(e.getMessage());
        }
        log.notice("after_script failed, which does not change the outcome: " + failure);
    }

    private Step step(
            String name, List<String> lines, List<Secret> secrets, Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(spec.inputs().variables());
        environment.putAll(SecretVariables.of(secrets));
        // Last: neither a variable nor a secret takes the place of what Mayfly says.
        environment.put("CI", "true");
        environment.put("MAYFLY_JOB_ID", claim.job().value());
        environment.put("MAYFLY_JOB_NAME", spec.name());
        environment.put("MAYFLY_POOL", terms.pool().value());
        environment.putAll(more);
        return new Step(
                name,
                Step.Place.JOB,
                new Step.Program.Shell(EchoedScript.of(lines)),
                environment,
                secrets.stream()
                        .map(s -> new DeliveredFile(s.request().name(), s.value()))
                        .toList(),
                null);
    }

    private Outcome outcomeOf(StepEnd end) {
        return switch (end) {
            case StepEnd.Exited(int code) when code == 0 -> new Outcome.Passed();
            case StepEnd.Exited(int code) -> new Outcome.Failed(code);
            case StepEnd.OutOfMemory() -> new Outcome.OutOfMemory(limits.memoryBytes());
            case StepEnd.TimedOut() -> new Outcome.TimedOut(timeout);
            case StepEnd.Cancelled() -> cancelled();
        };
    }

    private static String words(StepEnd end) {
        return switch (end) {
            case StepEnd.Exited(int code) -> "it ended with exit code " + code;
            case StepEnd.OutOfMemory() -> "it ran out of memory";
            case StepEnd.TimedOut() -> "it ran into its time limit";
            case StepEnd.Cancelled() -> "it was cancelled";
        };
    }

    private Outcome cancelled() {
        String reason = claim.cancellation().reason();
        return new Outcome.Cancelled(reason == null ? "the daemon is stopping" : reason);
    }

    private void endLog(Outcome outcome) {
        // Each by itself: the outcome stands, and a log that breaks is still finished. Who reads it
        // sees that its end is missing.
        try {
            endSection();
            log.notice(outcome.sentence());
        } catch (InterruptedException | RuntimeException e) {
            LOG.warn("the end of the log was not delivered job={}", claim.job(), masked(e));
        }
        try {
            LogStatistics statistics = log.finish();
            long masked = statistics.hits().stream().mapToLong(LogStatistics.Hits::count).sum();
            stages.metrics()
                    .log(
                            terms.pool(),
                            statistics.receivedBytes(),
                            statistics.droppedBytes(),
                            masked);
        } catch (InterruptedException | RuntimeException e) {
            LOG.warn("the log was not finished job={}", claim.job(), e);
        }
    }

    /** Begins a section of the log, ending the one before. */
    private void begin(String name) throws InterruptedException {
        endSection();
        section = log.section(name);
    }

    private void endSection() throws InterruptedException {
        if (section != null) {
            section.end();
            section = null;
        }
    }

    /** Enters a phase, telling the source, and counts how long the one before took. */
    private void enter(JobPhase next) {
        stages.metrics().phase(terms.pool(), phase, since(phaseStart));
        phase = next;
        phaseStart = System.nanoTime();
        told("phase", () -> report.phase(next));
        LOG.info("job phase={} job={} pool={}", next, claim.job(), terms.pool());
    }

    private boolean preparing() {
        return phase == JobPhase.CLAIMED || phase == JobPhase.PREPARING;
    }

    /** Whether the source knows the outcome now. */
    private boolean tellOutcome() {
        Outcome outcome = untold;
        if (outcome != null && told("outcome", () -> report.finished(outcome))) {
            untold = null;
        }
        return untold == null;
    }

    /** A source that cannot take the news must not keep us from the rest. */
    private boolean told(String what, Runnable news) {
        try {
            news.run();
            return true;
        } catch (RuntimeException e) {
            LOG.error("the source was not told the {} job={}", what, claim.job(), e);
            return false;
        }
    }

    private MaskedFailure masked(Throwable failure) {
        return MaskedFailure.of(failure, log::line);
    }

    private static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }

    /** Asks for the sink when it is written to: one that cannot be had is a fault of this job. */
    private record SourceLog(JobReport report) implements LogSink {
        @Override
        public void accept(LogEvent event) throws InterruptedException {
            report.log().accept(event);
        }

        @Override
        public void finish() throws InterruptedException {
            report.log().finish();
        }
    }
}
