package dev.mayfly.secrets.vault;

import dev.mayfly.job.Facts;
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
import dev.mayfly.secrets.vault.Resolution.Question;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

    /** Each is a token that has to be kept alive and taken back. */
    private static final int MOST_IDENTITIES = 8;

    private final VaultConnection server;
    private final Map<PoolName, PoolAccess> pools;
    private final Duration resolution;
    private final Duration tokenLife;
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
        this.tokenLife = settings.tokenLife();
        this.api = new DriverApi(server);
        this.patient = new PatientApi(api, server.limit());
        this.daemon =
                new DaemonIdentity(
                        settings.credentials(),
                        server.namespace(),
                        patient,
                        settings.pools().stream()
                                .map(Examination::neededFor)
                                .flatMap(List::stream)
                                .distinct()
                                .toList());
        this.login = new JobLogin(patient, daemon, tokenLife);
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
    public List<SecretRequest> bound(PoolName pool, Facts.Trusted known, List<HandedValue> handed) {
        PoolAccess access = pools.get(pool);
        if (access == null) {
            return List.of();
        }
        Claims claims = new Identities(server, access).usual(handed).claims();
        return access.bindings().stream()
                .filter(binding -> claims.objections(binding.when()).isEmpty())
                .filter(binding -> binding.rule().objection(pool, known).isEmpty())
                .map(b -> new SecretRequest(b.name(), b.reference(), b.asVariable()))
                .toList();
    }

    @Override
    public String unhealthyBecause(PoolName pool) {
        PoolAccess access = pools.get(pool);
        if (access == null) {
            return "";
        }
        String trouble = daemon.trouble();
        List<String> lacking = daemon.lackingOf(Examination.neededFor(access));
        return trouble.isEmpty() && !lacking.isEmpty()
                ? "the daemon's policy at Vault lacks update on "
                        + String.join(", ", lacking)
                        + ": mayfly vault bootstrap prints the right one"
                : trouble;
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
        Map<SecretRequest, Wish> wishes = wishes(order, access);
        checkAllowed(order, access, wishes.values());
        try {
            return lease(order, access, wishes, Until.in(resolution));
        } catch (VaultFailure e) {
            throw new FaultException(e.fault(), "secrets from Vault: " + e.reason());
        }
    }

    /**
     * One secret as it is asked for.
     *
     * @param identity as whom
     * @param reference what
     */
    private record Wish(Identity identity, VaultReference reference) {

        Question question() {
            return new Question(identity, reference.read());
        }
    }

    private Map<SecretRequest, Wish> wishes(SecretsOrder order, PoolAccess access) {
        Identities identities = new Identities(server, access);
        Map<SecretRequest, Wish> wishes = new LinkedHashMap<>();
        for (SecretRequest request : order.wanted()) {
            String what = "the job's secret " + request.name() + " ";
            VaultReference reference;
            try {
                reference = VaultReference.parse(request.reference());
            } catch (IllegalArgumentException e) {
                throw new FaultException(Fault.SECRET, "the reference of " + what + e.getMessage());
            }
            try {
                Identity identity = identities.of(request, order.handed());
                wishes.put(request, new Wish(identity, reference));
            } catch (IllegalArgumentException e) {
                throw refused(order, reference.read().path(), what + e.getMessage());
            }
        }
        long logins = wishes.values().stream().map(Wish::identity).distinct().count();
        if (logins > MOST_IDENTITIES) {
            throw refused(
                    order,
                    order.wanted().getFirst().reference(),
                    "the job asks for its secrets by "
                            + logins
                            + " different logins, and more than "
                            + MOST_IDENTITIES
                            + " are not made for one job: let secrets share a token and a role");
        }
        return wishes;
    }

    // -- the first fence: the server's own policies are the second

    private void checkAllowed(SecretsOrder order, PoolAccess access, Collection<Wish> wishes) {
        for (Wish wish : wishes) {
            String path = wish.reference().read().path();
            Claims claims = wish.identity().claims();
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
                    covering.stream().map(one -> objections(order, claims, one)).toList();
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

    private static List<String> objections(SecretsOrder order, Claims claims, Allowance allowed) {
        List<String> objections = new ArrayList<>(claims.objections(allowed.when()));
        String broken = allowed.rule().objection(order.pool(), order.known());
        if (!broken.isEmpty()) {
            objections.add(broken);
        }
        return objections;
    }

    private FaultException refused(SecretsOrder order, String subject, String why) {
        // The job's author chose some of these words, and may have put anything into them.
        Hidden masked =
                Hidden.of(
                        order.handed().stream()
                                .filter(value -> value.is(HandedValue.Use.MASKED))
                                .map(HandedValue::value)
                                .toList());
        audit.record(
                new SecretAudit.Event(
                        order.job(), Action.REFUSE, masked.outOf(subject), masked.outOf(why), ""));
        return new FaultException(Fault.SECRET, why);
    }

    // -- all of them or none

    private SecretLease lease(
            SecretsOrder order, PoolAccess access, Map<SecretRequest, Wish> wishes, Until until)
            throws InterruptedException {
        List<Handle> handles = new ArrayList<>();
        List<Renewal.Item> renewed = new ArrayList<>();
        Map<Identity, JobToken> tokens = new LinkedHashMap<>();
        for (Wish wish : wishes.values()) {
            if (!tokens.containsKey(wish.identity())) {
                JobToken token = login(order, wish.identity(), until);
                tokens.put(wish.identity(), token);
                Handle handle = new Handle.Token(token.accessor());
                handles.add(handle);
                note(order.job(), handle);
                // From here on a dead daemon's successor can end it, so it may live.
                Duration working = Renewal.lift(order.job(), token, tokenLife, patient, until);
                renewed.add(new Renewal.Item(token, null, working));
            }
        }
        Map<Question, Fetched> fetched =
                new Resolution(patient, tokens, this::note, audit)
                        .all(order.job(), questionsOf(wishes), until);
        fetched.forEach((question, one) -> {
            Fetched.Lease lease = one.lease();
            if (lease != null) {
                handles.add(new Handle.Lease(lease.id()));
                if (lease.renewable()) {
                    JobToken token = Objects.requireNonNull(tokens.get(question.identity()));
                    renewed.add(new Renewal.Item(token, lease.id(), lease.lifetime()));
                }
            }
        });
        VaultLease.Grant grant = grant(access, wishes, fetched, tokens.values());
        Hidden masked =
                Hidden.of(
                        Stream.concat(
                                        Stream.concat(
                                                        grant.hidden().stream(),
                                                        grant.parts().stream())
                                                .map(HandedValue::value),
                                        grant.secrets().stream().map(Secret::value))
                                .toList());
        LOG.debug("secrets fetched job={} pool={}", order.job(), order.pool());
        return new VaultLease(
                order.job(),
                grant,
                handles,
                masked,
                Renewal.start(order.job(), patient, renewed, masked, audit),
                server,
                retirement);
    }

    private JobToken login(SecretsOrder order, Identity identity, Until until)
            throws InterruptedException {
        String outcome = SecretAudit.Event.OK;
        String subject = "";
        String request = "";
        try {
            JobToken token = login.logIn(order, identity, until);
            subject = token.accessor();
            request = token.request();
            return token;
        } catch (VaultFailure e) {
            outcome = e.reason();
            throw e;
        } finally {
            audit.record(
                    new SecretAudit.Event(order.job(), Action.LOGIN, subject, outcome, request));
        }
    }

    private void note(JobId job, Handle handle) {
        leases.intend(job, handle.at(server));
    }

    private static Set<Question> questionsOf(Map<SecretRequest, Wish> wishes) {
        return wishes.values().stream()
                .map(Wish::question)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static VaultLease.Grant grant(
            PoolAccess access,
            Map<SecretRequest, Wish> wishes,
            Map<Question, Fetched> fetched,
            Collection<JobToken> tokens) {
        List<Secret> secrets = new ArrayList<>();
        List<String> notices = new ArrayList<>();
        List<HandedValue> parts = new ArrayList<>();
        Set<String> faults = new TreeSet<>();
        wishes.forEach((request, wish) -> {
            Fetched answer = fetched.get(wish.question());
            if (answer == null) {
                throw new IllegalStateException("no answer for " + wish.reference().read().path());
            }
            try {
                SecretValue value =
                        template(access, request)
                                .map(answer::filled)
                                .orElseGet(() -> answer.value(wish.reference()));
                secrets.add(new Secret(request, value));
                template(access, request)
                        .map(text -> answer.partsOf(request.name(), text))
                        .orElseGet(() -> answer.partsOf(request.name(), wish.reference()))
                        .forEach((name, part) -> parts.add(masked(name, part)));
                notices.add("secret " + request.name() + ": " + answer.described());
            } catch (VaultFailure e) {
                faults.add(e.reason());
            }
        });
        if (!faults.isEmpty()) {
            throw new VaultFailure(VaultFailure.Kind.MISSING, String.join("; ", faults));
        }
        List<HandedValue> hidden = new ArrayList<>();
        for (JobToken token : tokens) {
            hidden.add(masked("vault-token-" + hidden.size(), token.value()));
        }
        for (Fetched one : fetched.values()) {
            for (SecretValue text : one.texts()) {
                hidden.add(masked("vault-value-" + hidden.size(), text));
            }
        }
        return new VaultLease.Grant(secrets, parts, hidden, notices);
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

    /** How many leases and tokens of jobs that are over are not shown to be gone. */
    public int unrevoked() {
        return retirement.left();
    }

    /** For how long the daemon's own token is good; empty when that is not known, or for ever. */
    public Optional<Duration> tokenLeft() {
        return daemon.left();
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
        disposals.forEach(retirement::remember);
        disposals.addAll(retirement.retire(job, ours, Hidden.SHAPED));
        return disposals;
    }

    @Override
    public void close() {
        daemon.close();
        api.close();
    }
}
