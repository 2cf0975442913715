package dev.mayfly.secrets.file;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.secrets.SecretAudit;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** A store in a test's own directory, with a key, and a provider that reads it. */
final class StoreOnDisk implements InstantSource {

    static final PoolName TRUSTED = new PoolName("trusted");
    static final PoolName UNTRUSTED = new PoolName("untrusted");

    final Path path;
    final Path keyPath;
    final SecretsFile file;
    final SecretStore store;
    final FileSecretsProvider provider;
    final List<SecretAudit.Event> audited = new ArrayList<>();
    private Instant now = Instant.parse("2026-01-02T03:04:05Z");

    StoreOnDisk(Path directory) {
        this.path = directory.resolve("secrets");
        this.keyPath = directory.resolve("key");
        this.file =
                new SecretsFile(
                        path,
                        new KeyFile(new KeyLocation.OwnFile(keyPath), PrivateFiles.runningUser()));
        this.store = new SecretStore(file, this);
        this.provider = new FileSecretsProvider(file, audited::add);
    }

    static StoreOnDisk withKey(Path directory) throws InterruptedException {
        var onDisk = new StoreOnDisk(directory);
        onDisk.store.createKeyIfMissing();
        return onDisk;
    }

    @Override
    public Instant instant() {
        return now;
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    SetOutcome set(String name, String value, PoolName... pools) throws InterruptedException {
        return store.set(name, value.getBytes(StandardCharsets.UTF_8), Set.of(pools), false);
    }

    SecretLease fetch(PoolName pool, String... references) {
        return provider.fetch(
                new SecretsOrder(
                        new JobId("job-1"),
                        pool,
                        Arrays.stream(references).map(StoreOnDisk::request).toList(),
                        List.of(),
                        Duration.ofHours(1)));
    }

    /** The value as text, or the fault. */
    String value(PoolName pool, String reference) {
        return text(fetch(pool, reference));
    }

    static String text(SecretLease lease) {
        return new String(lease.secrets().getFirst().value().reveal(), StandardCharsets.UTF_8);
    }

    static List<String> names(SecretStore store) {
        return store.list().stream().map(SecretEntry::name).toList();
    }

    private static SecretRequest request(String reference) {
        return new SecretRequest("VARIABLE", reference, false);
    }
}
