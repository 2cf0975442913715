package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.POOL;
import static dev.mayfly.secrets.vault.VaultFixture.hidden;
import static dev.mayfly.secrets.vault.VaultFixture.plain;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static dev.mayfly.secrets.vault.VaultFixture.valuesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.Eventually;
import dev.mayfly.job.Facts;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.SecretAudit.Action;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import dev.mayfly.secrets.vault.PoolAccess.TokenRole;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Secrets of every kind by tokens that the daemon makes, from a real server with a real PostgreSQL
 * behind it, and what is left of them.
 */
class MintedTokenIT {

    private static final VaultServer SERVER = VaultServer.shared();
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();

    /** What all tests of this class share at the server. */
    private record World(
            VaultSpace space, String kv1, String kv2, String database, String role, String token) {

        static World create() {
            VaultSpace space = SERVER.space("minted");
            String kv1 = space.keyValue(1);
            String kv2 = space.keyValue(2);
            String database = space.database(CLUSTER, "app");
            String pki = space.mount("pki", "pki");
            String transit = space.mount("transit", "transit");
            String ssh = space.mount("ssh", "ssh");
            String policy =
                    space.jobPolicy(
                            "job",
                            kv1 + "/*",
                            kv2 + "/*",
                            database + "/*",
                            pki + "/*",
                            transit + "/*",
                            ssh + "/*");
            String role = space.tokenRole("role", policy);
            SERVER.write(kv1 + "/old", "{\"password\":\"of-the-old-engine\"}");
            SERVER.write(kv2 + "/data/shop/db", "{\"data\":{\"password\":\"first-of-the-shop\"}}");
            SERVER.write(
                    kv2 + "/data/shop/db",
                    """
                    {"data": {"password": "second-of-the-shop", "port": 5432, "tls": true,
                              "nothing": null, "nested": {"key": "deeply-nested-value"}}}
                    """);
            return new World(space, kv1, kv2, database, role, space.daemonToken(role));
        }
    }

    private static final World WORLD = World.create();

    @TempDir private Path directory;
    private VaultFixture vault;

    @BeforeEach
    void start() {
        vault = with(VaultFixture.minted(WORLD.role()));
    }

    private VaultFixture with(PoolAccess access) {
        return new VaultFixture(
                new VaultSettings(
                        plain(SERVER.address()),
                        new DaemonCredentials.AgentToken(
                                privateFile(directory.resolve("token"), WORLD.token())),
                        List.of(access)));
    }

    @AfterEach
    void stop() {
        vault.close();
    }

    private void assertGone(SecretLease lease) throws InterruptedException {
        List<Receipt.Disposal> disposals = lease.revoke();
        assertThat(disposals).allMatch(Receipt.Disposal::verified);
        assertThat(disposals)
                .extracting(Receipt.Disposal::resource)
                .containsExactlyInAnyOrderElementsOf(vault.journal);
        assertThat(SERVER.tokens()).doesNotContain(vault.accessor());
    }

    @Test
    void keyValueSecretsOfBothVersionsAreRead() throws InterruptedException {
        SecretLease lease =
                vault.fetch(
                        "vault:" + WORLD.kv1() + "/old#password",
                        "vault:" + WORLD.kv2() + "/data/shop/db#password",
                        "vault:" + WORLD.kv2() + "/data/shop/db?version=1#password",
                        "vault:" + WORLD.kv2() + "/data/shop/db#port",
                        "vault:" + WORLD.kv2() + "/data/shop/db#tls",
                        "vault:" + WORLD.kv2() + "/data/shop/db#nested",
                        "vault:" + WORLD.kv1() + "/old");

        assertThat(valuesOf(lease))
                .containsExactly(
                        "of-the-old-engine",
                        "second-of-the-shop",
                        "first-of-the-shop",
                        "5432",
                        "true",
                        "{\"key\":\"deeply-nested-value\"}",
                        "{\"password\":\"of-the-old-engine\"}");
        assertThat(vault.audited(Action.READ))
                .containsExactlyInAnyOrder(
                        WORLD.kv1() + "/old: ok",
                        WORLD.kv2() + "/data/shop/db version 1: ok",
                        WORLD.kv2() + "/data/shop/db version 2: ok");
        assertGone(lease);
    }

    @Test
    void everyValueThatWasFetchedAndTheTokenAreToBeMasked() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.kv2() + "/data/shop/db#password");

        assertThat(hidden(lease))
                .contains("second-of-the-shop", "deeply-nested-value", "5432")
                .anyMatch(value -> value.matches("(hvs|s)\\..*"));
        assertGone(lease);
    }

    @Test
    void valueChangedBetweenTwoJobsIsTheNewOneForTheSecond() throws InterruptedException {
        String path = WORLD.kv1() + "/rotated";
        SERVER.write(path, "{\"v\":\"before-the-change\"}");
        SecretLease first = vault.fetch("vault:" + path + "#v");
        SERVER.write(path, "{\"v\":\"after-the-change\"}");
        SecretLease second = vault.fetch("vault:" + path + "#v");

        assertThat(valuesOf(first)).containsExactly("before-the-change");
        assertThat(valuesOf(second)).containsExactly("after-the-change");
        first.revoke();
        second.revoke();
    }

    @Test
    void databaseLoginWorksAndIsGoneFromTheDatabaseAfterwards() throws InterruptedException {
        SecretLease lease =
                vault.fetch(
                        "vault:" + WORLD.database() + "/creds/app#username",
                        "vault:" + WORLD.database() + "/creds/app#password");
        String user = valuesOf(lease).getFirst();
        String password = valuesOf(lease).getLast();
        assertThat(CLUSTER.lets(user, password)).isTrue();
        assertThat(vault.journal).hasSize(2);

        long before = System.nanoTime();
        assertGone(lease);

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(1));
        assertThat(CLUSTER.logins("app")).doesNotContain(user);
        assertThat(CLUSTER.lets(user, password)).isFalse();
        assertThat(SERVER.list("sys/leases/lookup/" + WORLD.database() + "/creds/app")).isEmpty();
    }

    @Test
    void eachJobHasALoginOfItsOwn() throws InterruptedException {
        String reference = "vault:" + WORLD.database() + "/creds/app#username";
        SecretLease one = vault.fetch(reference);
        SecretLease other = vault.fetch(reference);

        assertThat(valuesOf(one)).doesNotContainAnyElementsOf(valuesOf(other));
        one.revoke();
        assertThat(CLUSTER.logins("app")).containsAll(valuesOf(other));
        other.revoke();
    }

    @Test
    void whatTheJournalKnowsIsEnoughToTakeEverythingBack() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.database() + "/creds/app#username");
        String user = valuesOf(lease).getFirst();
        assertThat(CLUSTER.logins("app")).contains(user);

        try (VaultFixture successor = with(VaultFixture.minted(WORLD.role()))) {
            assertThat(successor.provider.revoke(vault.job, vault.journal))
                    .hasSize(2)
                    .allMatch(Receipt.Disposal::verified);
            // And once more, as after a crash in the middle of it.
            assertThat(successor.provider.revoke(vault.job, vault.journal))
                    .hasSize(2)
                    .allMatch(Receipt.Disposal::verified);
        }

        assertThat(CLUSTER.logins("app")).doesNotContain(user);
        assertThat(SERVER.tokens()).doesNotContain(vault.accessor());
        lease.revoke();
    }

    @Test
    void journalHoldsHandlesAndNoValue() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.database() + "/creds/app#password");

        List<String> secret = hidden(lease);
        assertThat(secret).hasSizeGreaterThanOrEqualTo(3);
        assertThat(vault.journal.toString() + vault.audit)
                .doesNotContain(secret.toArray(String[]::new));
        lease.revoke();
    }

    @Test
    void leasesOfAnotherServerAreReportedAndNotForgotten() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.kv1() + "/old#password");
        VaultSettings elsewhere =
                new VaultSettings(
                        plain(URI.create("http://127.0.0.1:1")),
                        new DaemonCredentials.AgentToken(directory.resolve("token")),
                        List.of());
        try (VaultFixture other = new VaultFixture(elsewhere)) {
            assertThat(other.provider.revoke(vault.job, vault.journal))
                    .singleElement()
                    .satisfies(disposal -> {
                        assertThat(disposal.verified()).isFalse();
                        assertThat(disposal.evidence())
                                .contains("not of the Vault that the configuration names");
                    });
        }
        assertGone(lease);
    }

    @Test
    void tokenIsTheJobsOwnAndDiesWithIt() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.kv1() + "/old#password");
        JsonNode token = SERVER.token(vault.accessor());

        assertThat(token.path("meta").path("job").asText()).isEqualTo(vault.job.value());
        assertThat(token.path("meta").path("pool").asText()).isEqualTo(POOL.value());
        assertThat(token.path("policies")).hasSize(1);
        assertThat(token.path("orphan").asBoolean()).isTrue();
        // Born for 90 seconds, lifted for work, and never longer than the job may take.
        assertThat(token.path("creation_ttl").asLong()).isEqualTo(90);
        assertThat(token.path("ttl").asLong()).isBetween(800L, 900L);
        assertThat(token.path("explicit_max_ttl").asLong()).isEqualTo(3600);
        assertGone(lease);
    }

    @Test
    void certificateAndItsKeyAreOfOneIssue() throws InterruptedException {
        String pki = WORLD.space().named("pki");
        SERVER.write(pki + "/root/generate/internal", "{\"common_name\":\"test\",\"ttl\":\"8h\"}");
        SERVER.write(
                pki + "/roles/web",
                "{\"allowed_domains\":\"example.test\",\"allow_subdomains\":true,\"max_ttl\":\"1h\"}");
        String issue = "vault:" + pki + "/issue/web?common_name=a.example.test&ttl=10m";

        SecretLease lease = vault.fetch(issue + "#certificate", issue + "#private_key");

        assertThat(valuesOf(lease).getFirst()).startsWith("-----BEGIN CERTIFICATE-----");
        assertThat(valuesOf(lease).getLast()).contains("PRIVATE KEY-----");
        assertThat(vault.audited(Action.READ)).hasSize(1);
        assertGone(lease);
    }

    @Test
    void transitDecryptsAndItsBase64IsUndone() throws InterruptedException {
        String transit = WORLD.space().named("transit");
        SERVER.write(transit + "/keys/k", "{}");
        String ciphertext =
                SERVER.write(transit + "/encrypt/k", "{\"plaintext\":\"YWJjZGVmZ2g=\"}")
                        .path("data")
                        .path("ciphertext")
                        .asText();

        SecretLease lease =
                vault.fetch(
                        "vault:%s/decrypt/k?ciphertext=%s#plaintext|base64"
                                .formatted(transit, ciphertext));

        assertThat(valuesOf(lease)).containsExactly("abcdefgh");
        assertGone(lease);
    }

    @Test
    void sshKeyIsSigned() throws InterruptedException {
        String ssh = WORLD.space().named("ssh");
        SERVER.write(
                ssh + "/config/ca", "{\"generate_signing_key\":true,\"key_type\":\"ed25519\"}");
        SERVER.write(
                ssh + "/roles/deploy",
                """
                {"key_type":"ca","allow_user_certificates":true,"allowed_users":"deploy","default_user":"deploy",
                 "ttl":"5m","algorithm_signer":"default"}
                """);
        String key =
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8dQKdvNZ5E9nPVqvF9j0hJr2kgwZ1vvDoP9x5jL2qk";

        SecretLease lease =
                vault.fetch("vault:%s/sign/deploy?public_key=%s#signed_key".formatted(ssh, key));

        assertThat(valuesOf(lease).getFirst()).startsWith("ssh-ed25519-cert-v01@openssh.com ");
        assertGone(lease);
    }

    @Test
    void missingOnesAreAllNamedAndNothingIsHandedOver() {
        assertThatThrownBy(() ->
                        vault.fetch(
                                "vault:" + WORLD.kv2() + "/data/shop/db#password",
                                "vault:" + WORLD.kv2() + "/data/shop/dbb#password",
                                "vault:" + WORLD.database() + "/creds/nobody#username"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(WORLD.kv2() + "/data/shop/dbb: there is nothing at this path")
                .hasMessageContaining(WORLD.database() + "/creds/nobody")
                .hasMessageNotContaining("second-of-the-shop");
    }

    @Test
    void missingFieldAndNullAreNamed() {
        assertThatThrownBy(() ->
                        vault.fetch(
                                "vault:" + WORLD.kv2() + "/data/shop/db#pasword",
                                "vault:" + WORLD.kv2() + "/data/shop/db#nothing"))
                .hasMessageContaining("there is no field pasword")
                .hasMessageContaining("there is no field nothing")
                .hasMessageNotContaining("second-of-the-shop");
    }

    @Test
    void whatWasGrantedBeforeAFailureIsInTheJournal() throws InterruptedException {
        assertThatThrownBy(() ->
                        vault.fetch(
                                "vault:" + WORLD.database() + "/creds/app#username",
                                "vault:" + WORLD.kv2() + "/data/nothing-here#x"))
                .isInstanceOf(FaultException.class);

        assertThat(vault.journal).hasSize(2);
        assertThat(vault.provider.revoke(vault.job, vault.journal))
                .allMatch(Receipt.Disposal::verified);
        assertThat(SERVER.tokens()).doesNotContain(vault.accessor());
        assertThat(SERVER.list("sys/leases/lookup/" + WORLD.database() + "/creds/app")).isEmpty();
    }

    @Test
    void deletedVersionIsNoEmptySecret() {
        String path = WORLD.kv2() + "/data/deleted";
        SERVER.write(path, "{\"data\":{\"v\":\"gone-tomorrow\"}}");
        SERVER.delete(path);

        assertThatThrownBy(() -> vault.fetch("vault:" + path + "#v"))
                .hasMessageContaining("there is nothing at this path");
    }

    @Test
    void serversPolicyIsTheSecondFence() {
        SERVER.write("sys/mounts/" + WORLD.space().named("prod"), "{\"type\":\"kv\"}");

        // The first one is down: the pool may ask for everything.
        assertThatThrownBy(() -> vault.fetch("vault:" + WORLD.space().named("prod") + "/x#v"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("Vault does not allow it (status 403");
    }

    @Test
    void pathOutsideThePoolsIsRefusedBeforeVaultIsAsked() {
        PoolAccess narrow =
                new PoolAccess(
                        POOL,
                        new TokenRole(WORLD.role(), List.of()),
                        null,
                        List.of(new Allowance(List.of(WORLD.kv2() + "/data/shop/*"), Map.of())),
                        List.of());
        try (VaultFixture fenced = with(narrow)) {
            assertThatThrownBy(() -> fenced.fetch("vault:" + WORLD.kv1() + "/old#password"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("may not read " + WORLD.kv1() + "/old");

            assertThat(fenced.journal).isEmpty();
            assertThat(fenced.audited(Action.LOGIN, Action.READ)).isEmpty();
            assertThat(fenced.audited(Action.REFUSE)).hasSize(1);
        }
    }

    @Test
    void unknownRoleIsNamed() {
        try (VaultFixture wrong = with(VaultFixture.minted(WORLD.role() + "x"))) {
            assertThatThrownBy(() -> wrong.fetch("vault:" + WORLD.kv1() + "/old#password"))
                    .hasMessageContaining("no token could be made through the role")
                    .hasMessageContaining(WORLD.role() + "x");
        }
    }

    @Test
    void ruleThatIsNotMetIsSaidBeforeVaultIsAsked() throws InterruptedException {
        PoolAccess.Rule ofProject =
                (_, known) ->
                        known.server().project().id().equals("42") ? "" : "it is for project 42";
        PoolAccess ruled =
                new PoolAccess(
                        POOL,
                        new TokenRole(WORLD.role(), List.of()),
                        null,
                        List.of(new Allowance(List.of("*"), Map.of(), ofProject)),
                        List.of());
        try (VaultFixture fenced = with(ruled)) {
            assertThatThrownBy(() -> fenced.fetch("vault:" + WORLD.kv1() + "/old#password"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("it is for project 42");
            assertThat(fenced.audited(Action.LOGIN, Action.READ)).isEmpty();
            assertThat(fenced.audited(Action.REFUSE)).hasSize(1);
        }
    }

    @Test
    void roleThatGivesBatchTokensIsRefused() {
        String batch = WORLD.space().named("batch");
        SERVER.write(
                "auth/token/roles/" + batch,
                "{\"orphan\":true,\"token_type\":\"batch\",\"renewable\":false}");
        WORLD.space().daemonPolicy(WORLD.role(), batch);
        try (VaultFixture wrong = with(VaultFixture.minted(batch))) {
            assertThatThrownBy(() -> wrong.fetch("vault:" + WORLD.kv1() + "/old#password"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("batch");
            assertThat(wrong.journal).isEmpty();
        }
    }

    @Test
    void templateIsFilledAndMaskedWholeAndInParts() throws InterruptedException {
        String reference = "vault:" + WORLD.database() + "/creds/app";
        PoolAccess bound =
                new PoolAccess(
                        POOL,
                        new TokenRole(WORLD.role(), List.of()),
                        null,
                        List.of(new Allowance(List.of("+/creds/*"), Map.of())),
                        List.of(
                                new PoolAccess.Binding(
                                        "NETRC",
                                        reference,
                                        false,
                                        "machine db login {{username}} password {{ password }}\n",
                                        Map.of())));
        try (VaultFixture binding = with(bound)) {
            assertThat(binding.provider.bound(POOL, Facts.Trusted.NOTHING, List.of()))
                    .singleElement()
                    .satisfies(request -> assertThat(request.name()).isEqualTo("NETRC"));
            SecretLease lease =
                    binding.provider.fetch(
                            new SecretsOrder(
                                    binding.job,
                                    POOL,
                                    binding.provider.bound(POOL, Facts.Trusted.NOTHING, List.of()),
                                    List.of(),
                                    Duration.ofMinutes(5)));

            Matcher line =
                    Pattern.compile("machine db login (v-\\S+) password (\\S+)\n")
                            .matcher(valuesOf(lease).getFirst());
            assertThat(line.matches()).isTrue();
            assertThat(CLUSTER.lets(line.group(1), line.group(2))).isTrue();
            assertThat(hidden(lease)).contains(line.group(1), line.group(2));
            lease.revoke();
        }
    }

    @Test
    void shortLeaseIsRenewedWhileTheJobRuns() throws InterruptedException {
        SERVER.write(
                WORLD.database() + "/roles/brief",
                """
                {"db_name": "cluster", "default_ttl": "3s", "max_ttl": "1h", "creation_statements":
                 "CREATE ROLE \\"{{name}}\\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"}
                """);
        SecretLease lease =
                vault.fetch(
                        "vault:" + WORLD.database() + "/creds/brief#username",
                        "vault:" + WORLD.database() + "/creds/brief#password");
        List<String> login = valuesOf(lease);

        Eventually.holds(
                "the lease was renewed beyond its first life",
                Duration.ofSeconds(30),
                () -> vault.audited(Action.RENEW).size() >= 4);

        assertThat(vault.audited(Action.RENEW)).allMatch(event -> event.endsWith(": ok"));
        assertThat(CLUSTER.lets(login.getFirst(), login.getLast())).isTrue();
        assertGone(lease);
        assertThat(CLUSTER.logins("brief")).isEmpty();
    }

    @Test
    void unusableReferencesAreRefusedWithTheReason() {
        for (String reference :
                List.of(
                        "vault:../sys/raw#x",
                        "vault:secret//double#x",
                        "vault:sys/policies/acl/root#policy",
                        "vault:auth/token/create?ttl=1h#x",
                        "vault:secret/%2e%2e/x#y",
                        "vault:secret/x?version=latest#y",
                        "vault:#y")) {
            assertThatThrownBy(() -> vault.fetch(reference))
                    .as(reference)
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("the reference of the job's secret S0");
        }
        assertThat(vault.journal).isEmpty();
    }

    @Test
    void noticesNameThePathAndNoValue() throws InterruptedException {
        SecretLease lease =
                vault.fetch(
                        "vault:" + WORLD.database() + "/creds/app#password",
                        "vault:" + WORLD.kv2() + "/data/shop/db#password");

        assertThat(lease.notices())
                .containsExactly(
                        "secret S0: "
                                + WORLD.database()
                                + "/creds/app, leased for this job, renewed while it runs and"
                                + " revoked at its end",
                        "secret S1: "
                                + WORLD.kv2()
                                + "/data/shop/db version 2, not leased: it is good for as long as"
                                + " its engine says");
        lease.revoke();
    }

    @Test
    void missingRightOfTheDaemonIsTheProvidersFaultAndStopsThePool() throws InterruptedException {
        VaultSpace poor = SERVER.space("poor");
        try (VaultFixture without =
                new VaultFixture(
                        new VaultSettings(
                                plain(SERVER.address()),
                                new DaemonCredentials.AgentToken(
                                        privateFile(directory.resolve("poor"), poor.daemonToken())),
                                List.of(VaultFixture.minted(WORLD.role()))))) {
            assertThatThrownBy(() -> without.fetch("vault:" + WORLD.kv1() + "/old#password"))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.SECRETS_PROVIDER))
                    .hasMessageContaining("no token could be made through the role")
                    .hasMessageContaining("no fault of the job");
            assertThat(without.provider.unhealthyBecause(POOL))
                    .contains("lacks update on auth/token/create/" + WORLD.role())
                    .contains("mayfly vault bootstrap");
        }
        assertThat(vault.provider.unhealthyBecause(POOL)).isEmpty();
    }

    @Test
    void valuesThatStandInAnotherAreNamedAfterSecretAndField() throws InterruptedException {
        SecretLease lease =
                vault.fetch(
                        "vault:" + WORLD.kv2() + "/data/shop/db",
                        "vault:" + WORLD.kv2() + "/data/shop/db#password");

        assertThat(lease.parts())
                .extracting(HandedValue::name)
                .containsExactlyInAnyOrder("S0.password", "S0.nested.key");
        lease.revoke();
    }
}
