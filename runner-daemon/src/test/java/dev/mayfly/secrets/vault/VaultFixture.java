package dev.mayfly.secrets.vault;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A provider and all that it writes to, remembered. */
final class VaultFixture implements AutoCloseable {

    static final PoolName POOL = new PoolName("trusted");
    static final Duration LIMIT = Duration.ofSeconds(5);

    private static final AtomicInteger JOBS = new AtomicInteger();

    final JobId job = new JobId("vault-job-" + JOBS.incrementAndGet());
    final List<OwnedResource> journal = new CopyOnWriteArrayList<>();
    final List<SecretAudit.Event> audit = new CopyOnWriteArrayList<>();
    final VaultSecretsProvider provider;

    VaultFixture(VaultSettings settings) {
        this(settings, Duration.ofSeconds(20));
    }

    VaultFixture(VaultSettings settings, Duration patience) {
        provider =
                new VaultSecretsProvider(
                        settings, patience, (_, lease) -> journal.add(lease), audit::add);
    }

    static VaultConnection plain(URI address) {
        return new VaultConnection(address, List.of(), "", VaultConnection.Tls.USUAL, LIMIT);
    }

    /** A pool whose jobs get tokens through a role and may ask for everything. */
    static PoolAccess minted(String role) {
        return new PoolAccess(
                POOL,
                new PoolAccess.TokenRole(role, List.of()),
                null,
                List.of(new Allowance(List.of("*"), Map.of())),
                List.of());
    }

    /** A file that only its owner can read. */
    static Path privateFile(Path file, String content) {
        try {
            Path draft = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(draft, content);
            Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rw-------"));
            return Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fetches; what is wanted is called S0, S1 and so on. */
    SecretLease fetch(String... references) throws InterruptedException {
        return fetch(List.of(), references);
    }

    /** Fetches what names its own way there. */
    SecretLease fetch(List<HandedValue> handed, List<SecretRequest> wanted)
            throws InterruptedException {
        return provider.fetch(new SecretsOrder(job, POOL, wanted, handed, Duration.ofHours(1)));
    }

    SecretLease fetch(List<HandedValue> handed, String... references) throws InterruptedException {
        List<SecretRequest> wanted = new ArrayList<>();
        for (String reference : references) {
            wanted.add(new SecretRequest("S" + wanted.size(), reference, false));
        }
        return provider.fetch(new SecretsOrder(job, POOL, wanted, handed, Duration.ofHours(1)));
    }

    /** An identity token as a CI server hands it over. */
    static List<HandedValue> identity(String token) {
        return List.of(
                new HandedValue(
                        "VAULT_ID_TOKEN",
                        new SecretValue(token.getBytes(StandardCharsets.US_ASCII)),
                        Set.of(HandedValue.Use.VARIABLE, HandedValue.Use.MASKED)));
    }

    static List<String> valuesOf(SecretLease lease) {
        return lease.secrets().stream().map(secret -> text(secret.value())).toList();
    }

    static List<String> hidden(SecretLease lease) {
        return lease.hidden().stream().map(value -> text(value.value())).toList();
    }

    static String text(SecretValue value) {
        return new String(value.reveal(), StandardCharsets.UTF_8);
    }

    /** The accessor of the job's token, from the journal. */
    String accessor() {
        return accessors().getFirst();
    }

    /** The accessors of all of the job's tokens, from the journal. */
    List<String> accessors() {
        return journal.stream()
                .map(OwnedResource::name)
                .filter(name -> name.contains(" token "))
                .map(name -> name.substring(name.lastIndexOf(' ') + 1))
                .toList();
    }

    List<String> audited(SecretAudit.Action... actions) {
        return audit.stream()
                .filter(event -> Arrays.asList(actions).contains(event.action()))
                .map(event -> event.subject() + ": " + event.outcome())
                .toList();
    }

    @Override
    public void close() {
        provider.close();
    }
}
