package dev.mayfly.execution;

import dev.mayfly.admission.Approvals;
import dev.mayfly.admission.Decision;
import dev.mayfly.admission.DecisionLog;
import dev.mayfly.admission.Gate;
import dev.mayfly.admission.IdentityCheck;
import dev.mayfly.admission.Verdict;
import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.artifacts.UnpackLimits;
import dev.mayfly.audit.AuditEvent;
import dev.mayfly.egress.EgressRecords;
import dev.mayfly.egress.Gateway;
import dev.mayfly.egress.KnownDestinations;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.RegistryLogins;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.logs.MaskedText;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.SpoolSettings;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.source.Claim;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.teardown.JobRecords;
import dev.mayfly.teardown.LeaseRevocation;
import dev.mayfly.teardown.Lives;
import dev.mayfly.teardown.Reaper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A job's whole way with fakes at its ends, all of which write into one history. */
final class Trial implements AutoCloseable {

    static final PoolName POOL = new PoolName("trusted");
    static final LifeId LIFE = new LifeId("l-trial");
    static final JobId JOB = new JobId("j-1");
    static final String VALUE = "correct-horse-battery";
    static final PoolTerms TERMS =
            new PoolTerms(
                    POOL,
                    new ImageSpec("pool/image", List.of()),
                    NetworkAccess.FULL,
                    Duration.ofMinutes(10),
                    new SandboxLimits(1 << 30, 2, 100, 1000, 1 << 28),
                    new Hardening(true, Hardening.User.NON_ROOT, ""),
                    1 << 20,
                    Masking.STANDARD,
                    List.of(),
                    RegistryLogins.NONE);

    /** A pool with these logins. */
    static PoolTerms with(RegistryLogins logins) {
        return with(TERMS.pull(), logins);
    }

    /** A pool with this pull policy. */
    static PoolTerms with(List<PullPolicy> pull) {
        return with(pull, TERMS.registries());
    }

    private static PoolTerms with(List<PullPolicy> pull, RegistryLogins logins) {
        return new PoolTerms(
                TERMS.pool(),
                TERMS.image(),
                TERMS.network(),
                TERMS.timeout(),
                TERMS.limits(),
                TERMS.hardening(),
                TERMS.logBytes(),
                TERMS.masking(),
                pull,
                logins);
    }

    final List<String> history = new CopyOnWriteArrayList<>();
    final MemoryJournal journal = new MemoryJournal(history);
    final FakeEngine engine = new FakeEngine(history, journal);
    final FakeSecrets secrets = new FakeSecrets(history);
    final RecordingReport report = new RecordingReport(history);
    final Cancellation cancellation = new Cancellation();
    final List<AuditEvent> remembered = new CopyOnWriteArrayList<>();
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    CacheStore caches = CacheStore.NONE;
    SpoolSettings spool;
    PoolTerms terms = TERMS;
    Approvals approvals = Approvals.NONE;
    Verdict verdict = new Verdict.Admitted(POOL);
    private final Lives lives;
    private final Reaper reaper;

    Trial(Path folder) {
        spool = new SpoolSettings(folder, 1 << 16, 1 << 18, Duration.ofSeconds(20));
        lives = Lives.begin(new StateDirectory(folder), Clock.systemUTC());
        reaper =
                new Reaper(
                        engine,
                        journal,
                        lives,
                        LeaseRevocation.NONE,
                        JobRecords.NONE,
                        Clock.systemUTC(),
                        Duration.ofMillis(5));
        secrets.put("token", VALUE);
    }

    Stages stages() {
        return new Stages(
                new Gate(
                        IdentityCheck.NONE,
                        (_, _) -> Decision.of(verdict),
                        approvals,
                        secrets -> new MaskedText(secrets, Masking.STANDARD),
                        DecisionLog.NONE),
                secrets,
                engine,
                new Gateway(EgressRecords.NONE, KnownDestinations.NONE),
                reaper,
                journal,
                new JobMetrics(metrics),
                remembered::add,
                new Storage(spool.directory(), 1 << 20, new UnpackLimits(1 << 20, 100), caches),
                spool,
                LIFE);
    }

    /** Whether the engine still holds something of the job. */
    boolean leftovers() {
        return engine.holds(JOB);
    }

    JobRun prepare(JobSpec spec) {
        return new JobRun(stages(), new Claim(JOB, "local", spec, cancellation), report, terms);
    }

    Receipt run(JobSpec spec) throws InterruptedException {
        return prepare(spec).toTheEnd();
    }

    /** A job with everything a job can have: sources, a secret as a file, another as a variable. */
    static JobSpec full() {
        return job(
                List.of("make"),
                List.of("make clean"),
                new Inputs(
                        Map.of("LEVEL", "debug"),
                        List.of(
                                new SecretRequest("FILE_TOKEN", "token", false),
                                new SecretRequest("TOKEN", "token", true)),
                        new WorkspaceSource.Git(
                                "https://git.example/app.git", "0123456789".repeat(4))));
    }

    static JobSpec plain() {
        return job(
                List.of("make"),
                List.of(),
                new Inputs(Map.of(), List.of(), new WorkspaceSource.Empty()));
    }

    static JobSpec with(SecretRequest secret) {
        return job(
                List.of("make"),
                List.of(),
                new Inputs(Map.of(), List.of(secret), new WorkspaceSource.Empty()));
    }

    static JobSpec job(List<String> script, List<String> after, Inputs inputs) {
        return new JobSpec(
                "build",
                null,
                new Steps(script, after, Duration.ofMinutes(5)),
                new JobEnvironment(null, List.of(), NetworkAccess.NONE, ResourceRequest.NONE),
                inputs,
                List.of());
    }

    @Override
    public void close() {
        reaper.close();
        lives.close();
    }
}
