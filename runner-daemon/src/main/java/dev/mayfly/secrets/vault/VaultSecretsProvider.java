package dev.mayfly.secrets.vault;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.LeaseLog;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretAudit.Action;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.secrets.SecretsProvider;
import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import dev.mayfly.secrets.vault.PoolAccess.Binding;
import dev.mayfly.secrets.vault.VaultReference.Read;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Secrets from Vault or OpenBao. Each job asks under an identity of its own, which lives for 90
 * seconds until it is in the journal, then for as long as it is renewed, and never longer than the
 * job may.
 */
public final class VaultSecretsProvider implements SecretsProvider, AutoCloseable {

    /** What references to this provider begin with. */
    public static final String SCHEME = VaultReference.SCHEME;

    private static final Logger LOG = LoggerFactory.getLogger(VaultSecretsProvider.class);

    /** From the login to the last value. */
    private static final Duration RESOLUTION = Duration.ofSeconds(60);

    private final VaultConnection server;
    private final Map<PoolName, PoolAccess> pools;
    private final Duration resolution;
    private final VaultApi api;
    private final PatientApi patient;
    private final DaemonIdentity daemon;
    private final JobLogin login;
    private final Retirement retirement;
    private final Examination examination;
    private final LeaseLog leases;
    private final SecretAudit audit;

    /**
     * Asks nothing yet.
     *
     * @param leases where each lease is noted before it is used
     */
    public VaultSecretsProvider(VaultSettings settings, LeaseLog leases, SecretAudit audit) {
        this(settings, RESOLUTION, leases, audit);
    }

    /**
     * With another patience.
     *
     * @param resolution from a job's login to its last value
     */
    VaultSecretsProvider(
            VaultSettings settings, Duration resolution, LeaseLog leases, SecretAudit audit) {
        this.server = settings.connection();
        this.pools =
                settings.pools().stream()
                        .collect(Collectors.toMap(PoolAccess::pool, Function.identity()));
        this.resolution = resolution;
        this.api = new DriverApi(server);
        this.patient = new PatientApi(api, server.limit());
        this.daemon = new DaemonIdentity(settings.credentials(), server.namespace(), patient);
        this.login = new JobLogin(patient, daemon);
        this.retirement = new Retirement(server, daemon, audit);
        this.examination = new Examination(settings, api, daemon);
        this.leases = leases;
        this.audit = audit;
    }

    /** Keeps the daemon's identity alive from now on. Without it, that is seen to when asked. */
    public void start() {
        daemon.start();
    }

    @Override
    public List<SecretRequest> bound(PoolName pool, List<HandedValue> handed) {
        PoolAccess access = pools.get(pool);
        if (access == null) {
            return List.of();
        }
        Claims claims = claims(access, handed);
        return access.bindings().stream()
                .filter(binding -> claims.objections(binding.when()).isEmpty())
                .map(b -> new SecretRequest(b.name(), b.reference(), b.asVariable()))
                .toList();
    }

    @Override
    public String unhealthyBecause(PoolName pool) {
        return pools.containsKey(pool) ? daemon.trouble() : "";
    }

    @Override
    public SecretLease fetch(SecretsOrder order) throws InterruptedException {
        PoolAccess access = pools.get(order.pool());
        if (access == null) {
            throw refused(
                    order,
                    order.wanted().getFirst().reference(),
                    "pool "
                            + order.pool()
                            + " has nothing from Vault: run the job in a pool that has a vault"
                            + " section in the runner's configuration, or give this one such a"
                            + " section");
        }
        Map<SecretRequest, VaultReference> references = references(order);
        checkAllowed(order, access, references);
        try {
            return lease(order, access, references, Until.in(resolution));
        } catch (VaultFailure e) {
            throw new FaultException(e.fault(), "secrets from Vault: " + e.reason());
        }
    }

    private static Map<SecretRequest, VaultReference> references(SecretsOrder order) {
        Map<SecretRequest, VaultReference> references = new LinkedHashMap<>();
        for (SecretRequest request : order.wanted()) {
            try {
                references.put(request, VaultReference.parse(request.reference()));
            } catch (IllegalArgumentException e) {
                throw new FaultException(
                        Fault.SECRET,
                        "the reference of the job's secret "
                                + request.name()
                                + " "
                                + e.getMessage());
            }
        }
        return references;
    }

    // -- the first fence: the server's own policies are the second

    private void checkAllowed(
            SecretsOrder order, PoolAccess access, Map<SecretRequest, VaultReference> references) {
        Claims claims = claims(access, order.handed());
        for (VaultReference reference : references.values()) {
            String path = reference.read().path();
            List<Allowance> covering =
                    access.allowed().stream().filter(one -> one.covers(path)).toList();
            if (covering.isEmpty()) {
                throw refused(
                        order,
                        path,
                        "jobs in pool "
                                + order.pool()
                                + " may not read "
                                + path
                                + ": name another path, or add it to the pool's vault.allow in the"
                                + " runner's configuration");
            }
            List<List<String>> objections =
                    covering.stream().map(one -> claims.objections(one.when())).toList();
            if (objections.stream().noneMatch(List::isEmpty)) {
                throw refused(
                        order,
                        path,
                        "this job may not read "
                                + path
                                + ": "
                                + objections.stream()
                                        .map(all -> String.join(" and ", all))
                                        .collect(Collectors.joining("; or else ")));
            }
        }
    }

    private FaultException refused(SecretsOrder order, String subject, String why) {
        audit.record(new SecretAudit.Event(order.job(), Action.REFUSE, subject, why, ""));
        return new FaultException(Fault.SECRET, why);
    }

    private static Claims claims(PoolAccess access, List<HandedValue> handed) {
        return JobLogin.identityToken(access, handed).map(Claims::of).orElse(Claims.NONE);
    }

    // -- all of them or none

    private SecretLease lease(
            SecretsOrder order,
            PoolAccess access,
            Map<SecretRequest, VaultReference> references,
            Until until)
            throws InterruptedException {
        JobToken token = login(order, access, until);
        List<Handle> handles = new ArrayList<>();
        handles.add(new Handle.Token(token.accessor()));
        note(order.job(), handles.getFirst());
        // From here on a dead daemon's successor can end it, so it may live.
        Duration working = Renewal.lift(token, patient, until);

        Map<Read, Fetched> fetched =
                new Resolution(patient, token, this::note, audit)
                        .all(order.job(), readsOf(references), until);
        List<Renewal.Item> renewed = new ArrayList<>();
        renewed.add(new Renewal.Item(null, working));
        for (Fetched one : fetched.values()) {
            Fetched.Lease lease = one.lease();
            if (lease != null) {
                handles.add(new Handle.Lease(lease.id()));
                if (lease.renewable()) {
                    renewed.add(new Renewal.Item(lease.id(), lease.lifetime()));
                }
            }
        }
        VaultLease.Grant grant = grant(access, references, fetched, token);
        LOG.debug("secrets fetched job={} pool={}", order.job(), order.pool());
        return new VaultLease(
                order.job(),
                grant,
                handles,
                Renewal.start(order.job(), patient, token, renewed, audit),
                server,
                retirement);
    }

    private JobToken login(SecretsOrder order, PoolAccess access, Until until)
            throws InterruptedException {
        String outcome = SecretAudit.Event.OK;
        String subject = "";
        try {
            JobToken token = login.logIn(order, access, until);
            subject = token.accessor();
            return token;
        } catch (VaultFailure e) {
            outcome = e.reason();
            throw e;
        } finally {
            audit.record(new SecretAudit.Event(order.job(), Action.LOGIN, subject, outcome, ""));
        }
    }

    private void note(JobId job, Handle handle) {
        leases.intend(job, handle.at(server));
    }

    private static Set<Read> readsOf(Map<SecretRequest, VaultReference> references) {
        return references.values().stream()
                .map(VaultReference::read)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static VaultLease.Grant grant(
            PoolAccess access,
            Map<SecretRequest, VaultReference> references,
            Map<Read, Fetched> fetched,
            JobToken token) {
        List<Secret> secrets = new ArrayList<>();
        List<String> notices = new ArrayList<>();
        Set<String> faults = new TreeSet<>();
        references.forEach((request, reference) -> {
            Fetched answer = fetched.get(reference.read());
            if (answer == null) {
                throw new IllegalStateException("no answer for " + reference.read().path());
            }
            try {
                SecretValue value =
                        template(access, request)
                                .map(answer::filled)
                                .orElseGet(() -> answer.value(reference));
                secrets.add(new Secret(request, value));
                notices.add("secret " + request.name() + ": " + answer.described());
            } catch (VaultFailure e) {
                faults.add(e.reason());
            }
        });
        if (!faults.isEmpty()) {
            throw new VaultFailure(VaultFailure.Kind.MISSING, String.join("; ", faults));
        }
        List<HandedValue> hidden = new ArrayList<>();
        hidden.add(masked("vault-token", token.value()));
        for (Fetched one : fetched.values()) {
            for (SecretValue text : one.texts()) {
                hidden.add(masked("vault-value-" + hidden.size(), text));
            }
        }
        return new VaultLease.Grant(secrets, hidden, notices);
    }

    private static HandedValue masked(String name, SecretValue value) {
        return new HandedValue(name, value, Set.of(HandedValue.Use.MASKED));
    }

    private static Optional<String> template(PoolAccess access, SecretRequest request) {
        return access.bindings().stream()
                .filter(binding -> binding.name().equals(request.name()))
                .filter(binding -> binding.reference().equals(request.reference()))
                .findFirst()
                .map(Binding::template);
    }

    /** What a person wants to know of the server. */
    public VaultReport examine() throws InterruptedException {
        return examination.report();
    }

    /**
     * Ends what the journal knows of a job whose own means to do so are gone.
     *
     * @param resources of kind LEASE; those of another server are reported as left
     */
    public List<Receipt.Disposal> revoke(JobId job, List<OwnedResource> resources)
            throws InterruptedException {
        List<Receipt.Disposal> disposals = new ArrayList<>();
        List<Handle> ours = new ArrayList<>();
        for (OwnedResource resource : resources) {
            Handle.of(resource, server)
                    .ifPresentOrElse(
                            ours::add,
                            () ->
                                    disposals.add(
                                            new Receipt.Disposal(
                                                    resource,
                                                    false,
                                                    "it is not of the Vault that the configuration"
                                                            + " names now: revoke it there, or name"
                                                            + " that server again")));
        }
        disposals.addAll(retirement.retire(job, ours));
        return disposals;
    }

    @Override
    public void close() {
        daemon.close();
        api.close();
    }
}
