package dev.mayfly.secrets.file;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.secrets.SecretsProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Secrets from one encrypted file on this host.
 *
 * <p>The file is read and decrypted for each job and nothing is kept in between: a change counts
 * from the next job on, and a daemon that waits has no secret in its memory.
 */
public final class FileSecretsProvider implements SecretsProvider {

    private static final Logger LOG = LoggerFactory.getLogger(FileSecretsProvider.class);

    private final SecretsFile file;
    private final SecretAudit audit;

    /**
     * Does no I/O.
     *
     * @param file the encrypted file; while it does not exist, there are no secrets
     * @param key what it is encrypted with
     * @param audit learns of each secret that a job gets
     */
    public FileSecretsProvider(Path file, KeyLocation key, SecretAudit audit) {
        this(new SecretsFile(file, new KeyFile(key, PrivateFiles.runningUser())), audit);
    }

    FileSecretsProvider(SecretsFile file, SecretAudit audit) {
        this.file = file;
        this.audit = audit;
    }

    @Override
    public SecretLease fetch(SecretsOrder order) {
        PoolName pool = order.pool();
        try (SecretsDocument document = file.read()) {
            List<String> objections =
                    order.wanted().stream()
                            .flatMap(request -> objection(document, pool, request).stream())
                            .distinct()
                            .toList();
            if (!objections.isEmpty()) {
                throw new FaultException(Fault.SECRET, String.join("; ", objections));
            }
            List<Secret> secrets = new ArrayList<>();
            for (SecretRequest request : order.wanted()) {
                StoredSecret stored = document.find(request.reference()).orElseThrow();
                secrets.add(new Secret(request, copyOf(stored.value())));
            }
            for (Secret secret : secrets) {
                audit.record(
                        new SecretAudit.Event(
                                order.job(),
                                SecretAudit.Action.READ,
                                secret.request().reference(),
                                SecretAudit.Event.OK,
                                ""));
            }
            LOG.debug("secrets fetched job={} pool={} count={}", order.job(), pool, secrets.size());
            return new FileLease(secrets);
        }
    }

    @Override
    public String unhealthyBecause(PoolName pool) {
        try (SecretsDocument _ = file.read()) {
            return "";
        } catch (FaultException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Why the job does not get this one, or empty when it does. */
    private static Optional<String> objection(
            SecretsDocument document, PoolName pool, SecretRequest request) {
        String name = request.reference();
        if (!SecretStore.isName(name)) {
            // Not quoted: it goes to a log and may hold control characters, or a value that was
            // pasted into the wrong place.
            return Optional.of(
                    "the job's secret \""
                            + request.name()
                            + "\" has a reference that cannot be a stored secret's name: "
                            + SecretStore.NAME_RULE);
        }
        Optional<SecretEntry> entry = document.find(name).map(StoredSecret::entry);
        if (entry.isEmpty()) {
            return Optional.of(
                    "the secret \""
                            + name
                            + "\" is not stored here"
                            + hint(document, pool, name)
                            + ": on the runner's host, set it with \"mayfly secret set "
                            + name
                            + " --pool "
                            + pool
                            + "\"");
        }
        Set<PoolName> pools = entry.get().pools();
        if (!pools.contains(pool)) {
            return Optional.of(
                    "the secret \""
                            + name
                            + "\" is for jobs of "
                            + pools.stream().map(PoolName::value).sorted().toList()
                            + " and this job is in pool "
                            + pool
                            + ": run the job there, or on the runner's host, if this pool is to"
                            + " be trusted with it, set it again with \"mayfly secret set "
                            + name
                            + "\" and one --pool for each pool that may read it");
        }
        return Optional.empty();
    }

    /** Looks among the names that this pool may read only: others are not its business. */
    private static String hint(SecretsDocument document, PoolName pool, String missing) {
        return document.all().stream()
                .map(StoredSecret::entry)
                .filter(entry -> entry.pools().contains(pool))
                .map(SecretEntry::name)
                .filter(name -> Typo.distance(name, missing) <= Typo.MAX_DISTANCE)
                .min(Comparator.comparingInt(name -> Typo.distance(name, missing)))
                .map(name -> " (did you mean \"" + name + "\"?)")
                .orElse("");
    }

    private static SecretValue copyOf(SecretValue value) {
        byte[] bytes = value.reveal();
        var copy = new SecretValue(bytes);
        Arrays.fill(bytes, (byte) 0);
        return copy;
    }
}
