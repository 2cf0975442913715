package dev.mayfly.bootstrap;

import dev.mayfly.admission.AdmissionPolicy;
import dev.mayfly.admission.Gate;
import dev.mayfly.admission.IdentityCheck;
import dev.mayfly.admission.PoolAdmission;
import dev.mayfly.admission.PoolCeiling;
import dev.mayfly.admission.SourceBinding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.admission.oidc.SignedTokens;
import dev.mayfly.admission.oidc.TokenIssuer;
import dev.mayfly.artifacts.UnpackLimits;
import dev.mayfly.artifacts.s3.S3Caches;
import dev.mayfly.audit.AuditEvent;
import dev.mayfly.audit.AuditTrail;
import dev.mayfly.audit.ChainedTrail;
import dev.mayfly.config.EngineSettings;
import dev.mayfly.config.Environment;
import dev.mayfly.config.ExchangeSettings;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.JobSpecJson;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PolicyFiles;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.config.Transport;
import dev.mayfly.config.VaultSettings;
import dev.mayfly.decision.KeptDecisions;
import dev.mayfly.decision.SqliteApprovals;
import dev.mayfly.egress.Gateway;
import dev.mayfly.egress.SqliteDestinations;
import dev.mayfly.execution.PoolTerms;
import dev.mayfly.execution.Stages;
import dev.mayfly.execution.Storage;
import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Receipt;
import dev.mayfly.logs.LogSpool;
import dev.mayfly.logs.MaskedText;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.SpoolSettings;
import dev.mayfly.metrics.Exposition;
import dev.mayfly.metrics.HostMetrics;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.policy.LivePolicy;
import dev.mayfly.policy.PolicyAdmission;
import dev.mayfly.sandbox.EngineName;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.docker.EngineReport;
import dev.mayfly.secrets.AbsentProvider;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretsByReference;
import dev.mayfly.secrets.SecretsProvider;
import dev.mayfly.secrets.file.FileSecretsProvider;
import dev.mayfly.secrets.file.KeyLocation;
import dev.mayfly.secrets.vault.VaultReport;
import dev.mayfly.secrets.vault.VaultSecretsProvider;
import dev.mayfly.source.gitlab.ProxyRoute;
import dev.mayfly.source.gitlab.ServerAddress;
import dev.mayfly.source.local.LocalSource;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.source.local.SpecText;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import dev.mayfly.teardown.JobRecords;
import dev.mayfly.teardown.LeaseRevocation;
import dev.mayfly.teardown.Lives;
import dev.mayfly.teardown.Reaper;
import dev.mayfly.teardown.SqliteJournal;
import dev.mayfly.teardown.Sweep;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of one process, put together by hand in the order in which they need each other. The
 * daemon, {@code mayfly run} and {@code mayfly reap} are the same parts, used differently.
 */
public final class Assembly implements AutoCloseable {

    /** The local source's name, in metrics and in the admission rules. */
    public static final String LOCAL = "local";

    private static final Logger LOG = LoggerFactory.getLogger(Assembly.class);

    /** Of one slow sink; beyond it the disk is used. */
    private static final int SPOOL_MEMORY_BYTES = 1 << 20;

    /** A CI server that is updated is back by then. */
    private static final Duration DELIVERY_PATIENCE = Duration.ofMinutes(15);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /** Replaced by {@link #adopt}; parts that cannot change were made from the first ones. */
    private volatile MayflySettings settings;

    private volatile AdmissionPolicy pools;
    private final StateDirectory directory;
    private final StateStore store;
    private final Lives lives;
    private final Engines engines;
    private final SqliteJournal journal;
    private final Exposition exposition;
    private final HostMetrics host;
    private final LocalSource local;
    private final Reaper reaper;
    private final Stages stages;
    private final @Nullable VaultSecretsProvider vault;
    private final LivePolicy policy;
    private final ChainedTrail audit;
    private final SqliteApprovals approvals;

    private Assembly(MayflySettings settings, LocalSourceSettings.Queue queue) {
        Clock clock = Clock.systemUTC();
        this.settings = settings;
        directory = new StateDirectory(settings.daemon().stateDirectory()).create();
        store = StateStore.open(directory);
        lives = Lives.begin(directory, clock);
        if (store.loss() != null) {
            LOG.error("state was lost: {}; labels in the engine have to do", store.loss());
        }

        exposition = new Exposition();
        JobMetrics metrics = new JobMetrics(exposition.registry());
        host = new HostMetrics(exposition.registry());
        host.build(Version.current());

        journal = new SqliteJournal(store);
        engines = new Engines(settings, lives, directory, journal, store, host);
        SandboxBackend sandboxes = engines.sandboxes();

        VaultSettings configured = settings.secrets().vault();
        policy =
                new LivePolicy(
                        settings.policy().files(), () -> PolicyFiles.read(this.settings).policy());
        audit = AuditParts.open(settings, lives.current(), policy::digest, clock);
        policy.whenChanged(before -> audit.record(new AuditEvent.PolicyChanged(before)));
        metrics.watchAudit(audit::waiting, audit::lag, audit::lost);
        LoggedAudit uses = new LoggedAudit(metrics, audit, policy::digest);
        vault =
                configured == null
                        ? null
                        : new VaultSecretsProvider(
                                VaultParts.of(configured), journal::intend, uses);

        approvals = new SqliteApprovals(store, settings.policy().approvalExpires(), clock);
        metrics.watchPolicy(
                () -> !policy.staleBecause().isEmpty(), () -> waiting(approvals.open()));
        pools = admission(settings);
        AdmissionPolicy admission =
                new PolicyAdmission((spec, facts) -> pools.review(spec, facts), policy);
        warnOfInsecure(settings, host);
        local =
                new LocalSource(
                        localSource(settings, queue),
                        lives.current(),
                        store,
                        new SpecText(JobSpecJson::write, JobSpecJson::read),
                        spec -> refusal(admission, spec),
                        clock);
        reaper =
                new Reaper(
                        sandboxes,
                        journal,
                        lives,
                        vault == null ? LeaseRevocation.NONE : vault::revoke,
                        recordsOf(local, audit),
                        clock,
                        FIRST_PAUSE);
        metrics.watchQuarantine(reaper::quarantined);
        metrics.watchUnrevoked(vault == null ? () -> 0 : vault::unrevoked);
        host.watchDisk("state", () -> Optional.of(directory.root()));
        engines.watchDisks();
        Expiries.watch(settings, vault, host);
        stages =
                new Stages(
                        new Gate(
                                identity(settings),
                                admission,
                                approvals,
                                // The pool, whose own masking may look for less, is not known yet.
                                secrets -> new MaskedText(secrets, Masking.STANDARD),
                                AuditParts.remembered(
                                        new KeptDecisions(
                                                store, clock, new CountedDecisions(metrics)),
                                        audit)),
                        secrets(settings, vault, uses),
                        sandboxes,
                        new Gateway(
                                new LoggedEgress(metrics, audit, policy::digest),
                                new SqliteDestinations(store, clock)),
                        reaper,
                        journal,
                        metrics,
                        audit,
                        storage(),
                        spool(),
                        lives.current());
    }

    /**
     * Puts the parts together and begins a life. Nothing runs yet; the engine is not asked.
     *
     * @param queue who may run what is submitted to the local source
     * @throws dev.mayfly.state.StateException when the state directory cannot be used
     */
    public static Assembly open(MayflySettings settings, LocalSourceSettings.Queue queue) {
        return new Assembly(settings, queue);
    }

    public MayflySettings settings() {
        return settings;
    }

    /**
     * Lets what the pools say apply to the next job.
     *
     * @param fresh the same but for its pools
     * @throws dev.mayfly.config.ConfigException when the policy files cannot be used with them;
     *     nothing has changed then
     */
    synchronized void adopt(MayflySettings fresh) {
        MayflySettings before = settings;
        settings = fresh;
        try {
            policy.refresh();
        } catch (RuntimeException e) {
            settings = before;
            throw e;
        }
        pools = admission(fresh);
    }

    /** What daemon this is, for those on the same engine. */
    String daemonId() {
        return lives.daemonId();
    }

    public StateDirectory directory() {
        return directory;
    }

    public Exposition exposition() {
        return exposition;
    }

    /** What counts what jobs stand on. */
    HostMetrics host() {
        return host;
    }

    public LocalSource local() {
        return local;
    }

    public Reaper reaper() {
        return reaper;
    }

    public Stages stages() {
        return stages;
    }

    /** What each engine can isolate and cannot, and then what each pool gets of it. */
    public List<Finding> examineIsolation() throws InterruptedException {
        Map<EngineName, EngineReport> reports = engines.examine();
        List<Finding> findings = new ArrayList<>();
        settings.pools().stream()
                .map(PoolSettings::engine)
                .distinct()
                .forEach(engine ->
                        findings.addAll(
                                EngineDiagnosis.of(settings, engine, reportOf(engine, reports))));
        settings.pools()
                .forEach(pool ->
                        findings.addAll(PoolDiagnosis.of(pool, reportOf(pool.engine(), reports))));
        return findings;
    }

    private static EngineReport reportOf(
            EngineSettings engine, Map<EngineName, EngineReport> reports) {
        return Objects.requireNonNull(reports.get(Engines.name(engine)));
    }

    /** What engines that answer lack for the pools on them. */
    List<String> lacks() throws InterruptedException {
        return engines.lacks();
    }

    /** Forgets what may be left on an engine that is gone for good. */
    public List<SqliteJournal.LostResource> writeOff(EngineName engine) {
        return journal.writeOff(engine);
    }

    private Storage storage() {
        ExchangeSettings exchange = settings.exchange();
        return new Storage(
                directory.spool(),
                exchange.archiveBytes(),
                new UnpackLimits(exchange.unpackedBytes(), exchange.files()),
                CacheParts.of(settings, directory.spool()));
    }

    /** Keeps alive what has to be renewed. Without it, that is seen to when it is needed. */
    void keepAlive() {
        if (vault != null) {
            vault.start();
        }
    }

    private static SecretsProvider secrets(
            MayflySettings settings, @Nullable VaultSecretsProvider vault, SecretAudit uses) {
        FileSecretsProvider file =
                new FileSecretsProvider(settings.secrets().file(), keyOf(settings), uses);
        SecretsProvider remote =
                vault == null
                        ? new AbsentProvider(
                                "add secrets.vault to its configuration, and a vault section to"
                                        + " the pool")
                        : vault;
        return new SecretsByReference(VaultSecretsProvider.SCHEME, remote, file);
    }

    /** What a person wants to know of Vault, if the configuration names one. */
    public Optional<VaultReport> examineVault() throws InterruptedException {
        return vault == null ? Optional.empty() : Optional.of(vault.examine());
    }

    /** What a person wants to know of the store for caches, if there is one outside of the host. */
    public Optional<S3Caches.Report> examineCaches() throws InterruptedException {
        return stages.storage().caches() instanceof S3Caches caches
                ? Optional.of(caches.examine())
                : Optional.empty();
    }

    private SpoolSettings spool() {
        return new SpoolSettings(
                directory.spool(),
                SPOOL_MEMORY_BYTES,
                settings.daemon().logSpoolBytes(),
                DELIVERY_PATIENCE);
    }

    /** Destroys what dead lives have left. Before the first job is claimed. */
    public Sweep sweep() throws InterruptedException {
        sweepSpool();
        Sweep sweep = reaper.sweep();
        int unclean = (int) sweep.receipts().stream().filter(r -> !r.clean()).count();
        stages.metrics().sweep(sweep.receipts().size(), unclean);
        if (!sweep.receipts().isEmpty()) {
            LOG.info("swept leftovers jobs={} unclean={}", sweep.receipts().size(), unclean);
        }
        if (sweep.incompleteBecause() != null) {
            LOG.warn("the sweep is incomplete because={}", sweep.incompleteBecause());
        }
        return sweep;
    }

    private void sweepSpool() {
        try {
            LogSpool.sweep(directory.spool());
        } catch (IOException e) {
            LOG.warn("{} cannot be swept: {}", directory.spool(), e.getMessage());
        }
        try {
            stages.storage().caches().evict();
        } catch (IOException e) {
            LOG.warn("old caches cannot be removed: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        reaper.close();
        if (vault != null) {
            vault.close();
        }
        stages.storage().caches().close();
        stages.gateway().close();
        local.close();
        engines.close();
        audit.close();
        lives.close();
        store.close();
        host.close();
        exposition.close();
    }

    private static AdmissionPolicy admission(MayflySettings settings) {
        List<PoolCeiling> ceilings = settings.pools().stream().map(Assembly::ceiling).toList();
        Map<String, SourceBinding> bindings = new HashMap<>();
        bindings.put(
                LOCAL, new SourceBinding(settings.local().feeds(), settings.local().defaultPool()));
        settings.gitlab()
                .forEach(runner ->
                        bindings.put(
                                runner.name(),
                                new SourceBinding(List.of(runner.pool()), runner.pool())));
        return new PoolAdmission(ceilings, bindings);
    }

    /** The library is not loaded where nobody needs it. */
    private static IdentityCheck identity(MayflySettings settings) {
        List<TokenIssuer> issuers = issuers(settings);
        return issuers.isEmpty() ? IdentityCheck.NONE : new SignedTokens(issuers);
    }

    private static List<TokenIssuer> issuers(MayflySettings settings) {
        List<TokenIssuer> issuers = new ArrayList<>();
        for (GitLabSettings runner : settings.gitlab()) {
            GitLabSettings.IdToken token = runner.identity();
            if (token != null) {
                issuers.add(
                        new TokenIssuer(
                                runner.name(),
                                token.variable(),
                                token.issuer(),
                                token.audience(),
                                token.keys(),
                                runner.tls().authorities(),
                                proxy(token.keys()),
                                token.required()));
            }
        }
        return issuers;
    }

    /** The same as for what is said to the server itself. */
    private static @Nullable InetSocketAddress proxy(URI keys) {
        ServerAddress server = ServerAddress.of(keys.getScheme() + "://" + keys.getRawAuthority());
        return ProxyRoute.of(Environment.ofProcess().variables(), server)
                .map(route -> InetSocketAddress.createUnresolved(route.host(), route.port()))
                .orElse(null);
    }

    private static int waiting(List<SqliteApprovals.Held> open) {
        return (int) open.stream().filter(held -> held.approvedBy() == null).count();
    }

    /** The configuration allows them one by one; they are not to be forgotten. */
    private static void warnOfInsecure(MayflySettings settings, HostMetrics metrics) {
        List<String> gitlab =
                settings.gitlab().stream()
                        .map(GitLabSettings::url)
                        .filter(Transport::isPlainHttp)
                        .toList();
        List<String> engines =
                settings.pools().stream()
                        .map(PoolSettings::engine)
                        .filter(EngineSettings::insecure)
                        .map(engine -> engine.host().toString())
                        .distinct()
                        .toList();
        List<String> keys =
                issuers(settings).stream()
                        .map(issuer -> issuer.keys().toString())
                        .filter(Transport::isPlainHttp)
                        .toList();
        metrics.insecure("gitlab", gitlab.size());
        metrics.insecure("keys", keys.size());
        keys.forEach(url -> LOG.warn("not encrypted, as the configuration allows keys={}", url));
        metrics.insecure("engine", engines.size());
        gitlab.forEach(url -> LOG.warn("not encrypted, as the configuration allows url={}", url));
        engines.forEach(
                engine -> LOG.warn("not encrypted, as the configuration allows engine={}", engine));
    }

    private static PoolCeiling ceiling(PoolSettings pool) {
        PoolTerms terms = pool.terms();
        return new PoolCeiling(
                terms.pool(),
                terms.network(),
                terms.timeout(),
                terms.limits().memoryBytes(),
                terms.limits().cpus(),
                terms.limits().pids(),
                terms.limits().disk().bytes(),
                pool.allowed(),
                terms.images());
    }

    private static Optional<String> refusal(AdmissionPolicy admission, JobSpec spec) {
        return switch (admission.review(spec, Facts.ofSource(LOCAL, spec)).verdict()) {
            case Verdict.Admitted(var _) -> Optional.empty();
            // An approval may come before it is its turn.
            case Verdict.Held(var _, String _) -> Optional.empty();
            case Verdict.Refused(String reason) -> Optional.of(reason);
        };
    }

    private static LocalSourceSettings localSource(
            MayflySettings settings, LocalSourceSettings.Queue queue) {
        return new LocalSourceSettings(
                LOCAL,
                settings.local().defaultPool(),
                queue,
                settings.local().keepFinished(),
                settings.local().maxQueued());
    }

    /** Where the key of the secrets file is; systemd's credentials have rules of their own. */
    public static KeyLocation keyOf(MayflySettings settings) {
        Path key = settings.secrets().keyFile();
        return Environment.ofProcess().credentialsDirectory().filter(key::startsWith).isPresent()
                ? new KeyLocation.SystemdCredential(key)
                : new KeyLocation.OwnFile(key);
    }

    private static JobRecords recordsOf(LocalSource local, AuditTrail audit) {
        return new JobRecords() {
            @Override
            public Set<JobId> recover(Supplier<Set<LifeId>> living) {
                return local.recover(living);
            }

            @Override
            public void released(Receipt receipt) {
                audit.record(AuditEvent.JobDestroyed.of(receipt));
                local.released(receipt);
            }
        };
    }
}
