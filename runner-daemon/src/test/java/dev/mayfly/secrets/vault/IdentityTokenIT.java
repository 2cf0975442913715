package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.POOL;
import static dev.mayfly.secrets.vault.VaultFixture.hidden;
import static dev.mayfly.secrets.vault.VaultFixture.identity;
import static dev.mayfly.secrets.vault.VaultFixture.plain;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static dev.mayfly.secrets.vault.VaultFixture.valuesOf;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.job.Facts;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretAccount;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.SecretAudit.Action;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import dev.mayfly.secrets.vault.PoolAccess.Binding;
import dev.mayfly.secrets.vault.PoolAccess.IdentityRole;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs that log in with the identity token of their CI server, at a real server. */
class IdentityTokenIT {

    private static final VaultServer SERVER = VaultServer.shared();
    private static final CiServer CI = new CiServer();

    private record World(String kv, String auth, String token) {

        static World create() {
            VaultSpace space = SERVER.space("identity");
            String kv = space.keyValue(1);
            SERVER.write(kv + "/prod", "{\"v\":\"of-production-only\"}");
            SERVER.write(kv + "/open", "{\"v\":\"of-every-job-there\"}");
            String auth = space.enableAuth("jwt");
            SERVER.write(
                    "auth/" + auth + "/config",
                    new JsonMapper()
                            .createObjectNode()
                            .put("bound_issuer", CiServer.ISSUER)
                            .put("jwt_validation_pubkeys", CI.publicKey())
                            .toString());
            SERVER.write(
                    "auth/" + auth + "/role/prod",
                    """
                    {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                     "bound_claims": {"project_id": "42", "ref_protected": "true", "environment": "production"},
                     "token_policies": ["%s"], "token_ttl": "90s", "token_explicit_max_ttl": "2h",
                     "token_no_default_policy": true, "token_type": "service",
                     "claim_mappings": {"job_id": "job_id"}}
                    """
                            .formatted(CiServer.AUDIENCE, space.jobPolicy("prod", kv + "/*")));
            SERVER.write(
                    "auth/" + auth + "/role/open",
                    """
                    {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                     "token_policies": ["%s"], "token_ttl": "90s", "token_explicit_max_ttl": "2h",
                     "token_no_default_policy": true, "token_type": "service",
                     "claim_mappings": {"job_id": "job_id"}}
                    """
                            .formatted(CiServer.AUDIENCE, space.jobPolicy("open", kv + "/open")));
            return new World(kv, auth, space.daemonToken());
        }
    }

    private static final World WORLD = World.create();
    private static final Map<String, List<String>> PROTECTED =
            Map.of("ref_protected", List.of("true"), "project_id", List.of("42", "43"));

    @TempDir private Path directory;
    private VaultFixture vault;

    @BeforeEach
    void start() {
        vault = allowing(new Allowance(List.of(WORLD.kv() + "/*"), Map.of()));
    }

    private VaultFixture allowing(Allowance... allowed) {
        return new VaultFixture(
                new VaultSettings(
                        plain(SERVER.address()),
                        new DaemonCredentials.AgentToken(
                                privateFile(directory.resolve("token"), WORLD.token())),
                        List.of(
                                new PoolAccess(
                                        POOL,
                                        null,
                                        new IdentityRole(
                                                WORLD.auth(),
                                                "prod",
                                                List.of("open"),
                                                "VAULT_ID_TOKEN"),
                                        List.of(allowed),
                                        List.of(
                                                new Binding(
                                                        "PROD",
                                                        "vault:" + WORLD.kv() + "/prod#v",
                                                        true,
                                                        null,
                                                        PROTECTED))))));
    }

    @AfterEach
    void stop() {
        vault.close();
    }

    private String prod() {
        return "vault:" + WORLD.kv() + "/prod#v";
    }

    @Test
    void jobLogsInAsItselfAndItsTokenDies() throws InterruptedException {
        SecretLease lease = vault.fetch(identity(CI.token(Map.of())), prod());

        assertThat(valuesOf(lease)).containsExactly("of-production-only");
        assertThat(SERVER.token(vault.accessor()).path("meta").path("job_id").asText())
                .isEqualTo("1001");
        assertThat(SERVER.token(vault.accessor()).path("explicit_max_ttl").asLong())
                .isEqualTo(7200);
        assertThat(hidden(lease)).anyMatch(value -> value.matches("(hvs|s)\\..*"));
        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        assertThat(SERVER.tokens()).doesNotContain(vault.accessor());
    }

    @ParameterizedTest
    @CsvSource({
        "project_id,    43,          does not match any associated bound claim values",
        "ref_protected, false,       does not match any associated bound claim values",
        "environment,   '',          environment",
        "environment,   staging,     does not match any associated bound claim values",
        "aud,           https://other.example.test, audience",
        "iss,           https://evil.example.test,  issuer",
    })
    void serverRefusesOtherJobsAlthoughTheFirstFenceIsDown(
            String claim, String value, String reason) {
        String token = CI.token(Map.of(claim, value));

        assertThatThrownBy(() -> vault.fetch(identity(token), prod()))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("gives no access to the role prod")
                .hasMessageContaining(reason)
                .hasMessageNotContaining(token);
        assertThat(vault.journal).isEmpty();
        assertThat(vault.audited(Action.LOGIN)).hasSize(1).noneMatch(e -> e.endsWith(": ok"));
    }

    @Test
    void expiredTokenIsRefused() {
        String token = CI.token(Map.of("exp", Instant.now().getEpochSecond() - 600));

        assertThatThrownBy(() -> vault.fetch(identity(token), prod()))
                .hasMessageContaining("expired");
    }

    @Test
    void tokenThatSomebodyElseSignedIsRefused() {
        assertThatThrownBy(() -> vault.fetch(identity(new CiServer().token(Map.of())), prod()))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("gives no access to the role prod");
    }

    @Test
    void unprotectedRefAndOtherProjectAreRefusedBeforeVaultIsAsked() {
        try (VaultFixture fenced =
                allowing(
                        new Allowance(List.of(WORLD.kv() + "/prod"), PROTECTED),
                        new Allowance(List.of(WORLD.kv() + "/open"), Map.of()))) {
            assertThatThrownBy(() ->
                            fenced.fetch(
                                    identity(CI.token(Map.of("ref_protected", "false"))), prod()))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("its ref_protected must be true and is false");
            assertThatThrownBy(() ->
                            fenced.fetch(identity(CI.token(Map.of("project_id", "99"))), prod()))
                    .hasMessageContaining("its project_id must be 42 or 43 and is 99");

            assertThat(fenced.audited(Action.LOGIN, Action.READ)).isEmpty();
            assertThat(fenced.audited(Action.REFUSE)).hasSize(2);
        }
    }

    @Test
    void protectedRefPassesBothFences() throws InterruptedException {
        try (VaultFixture fenced =
                allowing(new Allowance(List.of(WORLD.kv() + "/prod"), PROTECTED))) {
            SecretLease lease = fenced.fetch(identity(CI.token(Map.of())), prod());

            assertThat(valuesOf(lease)).containsExactly("of-production-only");
            lease.revoke();
        }
    }

    @Test
    void jobWithoutTokenIsToldHowToGetOne() {
        assertThatThrownBy(() -> vault.fetch(prod()))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("brings no identity token")
                .hasMessageContaining("id_tokens: { VAULT_ID_TOKEN");
    }

    @Test
    void jobWithoutTokenDoesNotPassAFenceOfClaims() {
        try (VaultFixture fenced =
                allowing(new Allowance(List.of(WORLD.kv() + "/prod"), PROTECTED))) {
            assertThatThrownBy(() -> fenced.fetch(prod()))
                    .hasMessageContaining(
                            "its ref_protected must be true, which no identity token");
        }
    }

    // -- what a job says itself of the way to its secrets

    private static SecretRequest named(
            String name, String path, String server, String role, String token) {
        return new SecretRequest(
                name,
                "vault:" + WORLD.kv() + path,
                SecretRequest.Variable.PATH,
                new SecretAccount(
                        server, "", WORLD.auth(), role, new SecretValue(token.getBytes(US_ASCII))));
    }

    @Test
    void eachLoginThatAJobNamesHasATokenOfItsOwnAndAllDie() throws InterruptedException {
        String server = SERVER.address() + "/";
        String token = CI.token(Map.of());
        String other = CI.token(Map.of("job_id", "1002"));
        SecretLease lease =
                vault.fetch(
                        identity(token),
                        List.of(
                                named("PROD", "/prod#v", server, "", token),
                                named("AGAIN", "/open#v", server, "prod", token),
                                named("OPEN", "/open#v", server, "open", other),
                                new SecretRequest(
                                        "USUAL", "vault:" + WORLD.kv() + "/open#v", false)));

        assertThat(valuesOf(lease))
                .containsExactly(
                        "of-production-only",
                        "of-every-job-there",
                        "of-every-job-there",
                        "of-every-job-there");
        assertThat(vault.audited(Action.LOGIN)).hasSize(2);
        assertThat(vault.audited(Action.READ)).hasSize(3);
        List<String> accessors = vault.accessors();
        assertThat(accessors).hasSize(2);
        assertThat(accessors)
                .extracting(one -> SERVER.token(one).path("meta").path("job_id").asText())
                .containsExactly("1001", "1002");
        assertThat(hidden(lease)).filteredOn(v -> v.matches("(hvs|s)\\..*")).hasSize(2);
        assertThat(lease.revoke()).hasSize(2).allMatch(Receipt.Disposal::verified);
        assertThat(SERVER.tokens()).doesNotContainAnyElementsOf(accessors);
    }

    @Test
    void identityTokenIsNotSentToAServerThatTheJobChose() throws IOException {
        String token = CI.token(Map.of());
        try (FaultProxy elsewhere = new FaultProxy(SERVER.address())) {
            assertThatThrownBy(() ->
                            vault.fetch(
                                    identity(token),
                                    List.of(
                                            named(
                                                    "PROD",
                                                    "/prod#v",
                                                    elsewhere.address().toString(),
                                                    "prod",
                                                    token))))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("the job's secret PROD is at the server")
                    .hasMessageContaining("which this runner does not ask")
                    .hasMessageNotContaining(token);

            assertThat(elsewhere.seen("")).isEmpty();
        }
        assertThat(vault.audited(Action.LOGIN, Action.READ)).isEmpty();
        assertThat(vault.audited(Action.REFUSE)).hasSize(1);
    }

    @Test
    void refusalIsWrittenDownWithoutWhatTheJobHidInIt() {
        String server = "https://" + "masked-variable" + ".example";
        HandedValue masked =
                new HandedValue(
                        "WORD",
                        new SecretValue("masked-variable".getBytes(US_ASCII)),
                        Set.of(HandedValue.Use.MASKED));

        assertThatThrownBy(() ->
                        vault.fetch(
                                List.of(masked),
                                List.of(named("PROD", "/prod#v", server, "prod", "a.b.c"))))
                .isInstanceOf(FaultException.class);
        assertThat(vault.audit.toString())
                .contains("https://[MASKED].example")
                .doesNotContain("masked-variable");
    }

    @Test
    void roleThatThePoolDoesNotNameIsRefusedBeforeVaultIsAsked() {
        String token = CI.token(Map.of());

        assertThatThrownBy(() ->
                        vault.fetch(
                                identity(token),
                                List.of(
                                        named(
                                                "PROD",
                                                "/prod#v",
                                                SERVER.address().toString(),
                                                "everything",
                                                token))))
                .hasMessageContaining("in the role \"everything\"")
                .hasMessageContaining("it must be prod or open");
        assertThat(vault.audited(Action.LOGIN)).isEmpty();
    }

    @Test
    void roleThatThePoolNamesIsStillVaultsToGive() {
        String token = CI.token(Map.of("project_id", "99"));

        assertThatThrownBy(() ->
                        vault.fetch(
                                identity(token),
                                List.of(
                                        named(
                                                "PROD",
                                                "/prod#v",
                                                SERVER.address().toString(),
                                                "open",
                                                CI.token(Map.of())))))
                .as("the open role may not read what is of production")
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("/prod: Vault does not allow it");
        assertThatThrownBy(() ->
                        vault.fetch(
                                List.of(),
                                List.of(
                                        named(
                                                "PROD",
                                                "/prod#v",
                                                SERVER.address().toString(),
                                                "prod",
                                                token))))
                .hasMessageContaining("gives no access to the role prod");
    }

    @Test
    void fenceOfClaimsLooksAtTheTokenThatIsUsed() {
        String prod = CI.token(Map.of());
        String unprotected = CI.token(Map.of("ref_protected", "false"));
        try (VaultFixture fenced =
                allowing(new Allowance(List.of(WORLD.kv() + "/prod"), PROTECTED))) {
            assertThatThrownBy(() ->
                            fenced.fetch(
                                    identity(prod),
                                    List.of(
                                            named(
                                                    "PROD",
                                                    "/prod#v",
                                                    SERVER.address().toString(),
                                                    "prod",
                                                    unprotected))))
                    .hasMessageContaining("its ref_protected must be true and is false");
            assertThat(fenced.audited(Action.LOGIN)).isEmpty();
        }
    }

    @Test
    void loginsOfOneJobAreBounded() {
        List<SecretRequest> many = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            many.add(
                    named(
                            "S" + i,
                            "/open#v",
                            SERVER.address().toString(),
                            "open",
                            CI.token(Map.of("job_id", "2" + i))));
        }

        assertThatThrownBy(() -> vault.fetch(List.of(), many))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("by 9 different logins, and more than 8 are not made");
        assertThat(vault.audited(Action.LOGIN)).isEmpty();
    }

    @Test
    void bindingIsForJobsWhoseClaimsFitAlone() {
        assertThat(vault.provider.bound(POOL, Facts.Trusted.NOTHING, identity(CI.token(Map.of()))))
                .singleElement()
                .satisfies(bound ->
                        assertThat(bound.variable()).isEqualTo(SecretRequest.Variable.VALUE));
        assertThat(
                        vault.provider.bound(
                                POOL,
                                Facts.Trusted.NOTHING,
                                identity(CI.token(Map.of("ref_protected", "false")))))
                .isEmpty();
        assertThat(vault.provider.bound(POOL, Facts.Trusted.NOTHING, List.of())).isEmpty();
        assertThat(vault.provider.bound(POOL, Facts.Trusted.NOTHING, identity("no.token")))
                .isEmpty();
    }
}
