package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.POOL;
import static dev.mayfly.secrets.vault.VaultFixture.plain;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static dev.mayfly.secrets.vault.VaultFixture.valuesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.Eventually;
import dev.mayfly.secrets.SecretLease;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ways in which the daemon proves who it is, at a real server, and what it may do then. */
class DaemonIdentityIT {

    private static final VaultServer SERVER = VaultServer.start(); // its tokens are counted
    private static final CiServer PLATFORM = new CiServer();

    private record World(
            VaultSpace space, String kv, String role, String daemonPolicy, String appRole) {

        static World create() {
            VaultSpace space = SERVER.space("daemon");
            String kv = space.keyValue(1);
            SERVER.write(kv + "/x", "{\"v\":\"value-for-a-job\"}");
            String role = space.tokenRole("role", space.jobPolicy("job", kv + "/*"));
            String daemonPolicy = space.daemonPolicy(role);
            String appRole = space.enableAuth("approle");
            role(appRole, "mayfly", daemonPolicy, "token_ttl", "1h");
            return new World(space, kv, role, daemonPolicy, appRole);
        }

        private static void role(
                String mount, String name, String policy, String ttlKey, String ttl) {
            SERVER.write(
                    "auth/" + mount + "/role/" + name,
                    """
                    {"token_policies": ["%s"], "%s": "%s", "token_no_default_policy": true}
                    """
                            .formatted(policy, ttlKey, ttl));
        }
    }

    private static final World WORLD = World.create();

    @TempDir private Path directory;
    private Path file;

    @AfterAll
    static void stopServer() {
        SERVER.close();
    }

    @BeforeEach
    void prepare() {
        file = directory.resolve("credential");
    }

    private VaultFixture with(DaemonCredentials credentials) {
        return new VaultFixture(
                new VaultSettings(
                        plain(SERVER.address()),
                        credentials,
                        List.of(VaultFixture.minted(WORLD.role()))));
    }

    private DaemonCredentials appRole(String name, String wrappedRole) {
        String roleId =
                SERVER.read("auth/" + WORLD.appRole() + "/role/" + name + "/role-id")
                        .path("data")
                        .path("role_id")
                        .asText();
        return new DaemonCredentials.AppRole(WORLD.appRole(), roleId, file, wrappedRole);
    }

    private static String secretId(String name) {
        return SERVER.write("auth/" + WORLD.appRole() + "/role/" + name + "/secret-id", "{}")
                .path("data")
                .path("secret_id")
                .asText();
    }

    private static void assertServes(VaultFixture vault) throws InterruptedException {
        assertThat(vault.provider.unhealthyBecause(POOL)).isEmpty();
        SecretLease lease = vault.fetch("vault:" + WORLD.kv() + "/x#v");
        assertThat(valuesOf(lease)).containsExactly("value-for-a-job");
        lease.revoke();
    }

    @Test
    void appRoleServesAndItsTokenIsRevokedAtTheEnd() throws InterruptedException {
        List<String> before = SERVER.tokens();
        privateFile(file, secretId("mayfly") + "\n");
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertServes(vault);
            assertThat(SERVER.tokens()).hasSize(before.size() + 1);
        }
        assertThat(SERVER.tokens()).containsExactlyInAnyOrderElementsOf(before);
    }

    @Test
    void rotatedSecretIdIsNoticedWithoutARestart() throws InterruptedException {
        List<String> before = SERVER.tokens();
        privateFile(file, secretId("mayfly"));
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertServes(vault);
            List<String> first = SERVER.tokens();
            vault.provider.start();

            privateFile(file, secretId("mayfly"));

            Eventually.holds(
                    "there is another token in place of the first",
                    Duration.ofSeconds(20),
                    () ->
                            SERVER.tokens().size() == before.size() + 1
                                    && !SERVER.tokens().equals(first));
            assertServes(vault);
        }
    }

    @Test
    void wrongSecretIdIsSaidAndTheRightOneHeals() throws InterruptedException {
        privateFile(file, "no-such-secret-id");
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains("the daemon cannot log in to Vault")
                    .contains("invalid role or secret ID")
                    .doesNotContain("no-such-secret-id");
            vault.provider.start();

            privateFile(file, secretId("mayfly"));

            Eventually.holds(
                    "the daemon is logged in",
                    Duration.ofSeconds(20),
                    () -> vault.provider.unhealthyBecause(POOL).isEmpty());
        }
    }

    @Test
    void refusedSecretIdIsSaidForAsLongAsItIsThere() throws InterruptedException {
        privateFile(file, secretId("mayfly"));
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertServes(vault);
            vault.provider.start();
            privateFile(file, "broken-by-a-rotation");
            Eventually.holds(
                    "it is said",
                    Duration.ofSeconds(20),
                    () -> !vault.provider.unhealthyBecause(POOL).isEmpty());
            long said = System.nanoTime();
            Eventually.holds(
                    "it was looked at twice since",
                    Duration.ofSeconds(20),
                    () -> System.nanoTime() - said > Duration.ofSeconds(11).toNanos());

            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains("the daemon cannot log in to Vault");

            privateFile(file, secretId("mayfly"));
            Eventually.holds(
                    "the daemon is logged in",
                    Duration.ofSeconds(20),
                    () -> vault.provider.unhealthyBecause(POOL).isEmpty());
        }
    }

    @Test
    void wrappedSecretIdIsOpenedOnceAndOnlyOnce() throws InterruptedException {
        privateFile(file, wrapped("auth/" + WORLD.appRole() + "/role/mayfly/secret-id"));
        try (VaultFixture vault = with(appRole("mayfly", "mayfly"))) {
            assertServes(vault);
        }
        try (VaultFixture again = with(appRole("mayfly", "mayfly"))) {
            assertThat(again.provider.unhealthyBecause(POOL))
                    .contains("was used already, perhaps by somebody else");
            assertThatThrownBy(() -> again.fetch("vault:" + WORLD.kv() + "/x#v"))
                    .hasMessageContaining("is used up: put a new one there");
        }
    }

    @Test
    void wrappingTokenWhoseTimeIsOverIsAnAlarmAndNotTriedAgain() throws InterruptedException {
        String token = wrapped("auth/" + WORLD.appRole() + "/role/mayfly/secret-id", "1s");
        privateFile(file, token);
        Eventually.holds(
                "its time is over",
                Duration.ofSeconds(20),
                () ->
                        SERVER.answer(
                                                "POST",
                                                "sys/wrapping/lookup",
                                                "{\"token\":\"" + token + "\"}",
                                                null)
                                        .statusCode()
                                == 400);
        try (VaultFixture vault = with(appRole("mayfly", "mayfly"))) {
            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains("the wrapping token in " + file + " is expired or was used already")
                    .contains("put a new one there")
                    .doesNotContain(token);
            assertThatThrownBy(() -> vault.fetch("vault:" + WORLD.kv() + "/x#v"))
                    .hasMessageContaining("is used up: put a new one there");
        }
    }

    @Test
    void wrappingTokenOfSomethingElseIsNotOpened() {
        privateFile(file, wrapped("sys/wrapping/wrap"));
        try (VaultFixture vault = with(appRole("mayfly", "mayfly"))) {
            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains("was made at sys/wrapping/wrap and not at");
        }
    }

    private static String wrapped(String path) {
        return wrapped(path, "60s");
    }

    private static String wrapped(String path, String ttl) {
        HttpResponse<String> answer =
                SERVER.answer("POST", path, "{\"a\":\"b\"}", VaultServer.ROOT_TOKEN, ttl);
        try {
            return new JsonMapper()
                    .readTree(answer.body())
                    .path("wrap_info")
                    .path("token")
                    .asText();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void signedTokenOfThePlatformServes() throws InterruptedException {
        String auth = WORLD.space().enableAuth("jwt");
        SERVER.write(
                "auth/" + auth + "/config",
                new JsonMapper()
                        .createObjectNode()
                        .put("jwt_validation_pubkeys", PLATFORM.publicKey())
                        .toString());
        SERVER.write(
                "auth/" + auth + "/role/host",
                """
                {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["%s"],
                 "token_policies": ["%s"], "token_ttl": "1h"}
                """
                        .formatted(CiServer.AUDIENCE, WORLD.daemonPolicy()));
        privateFile(file, PLATFORM.token(Map.of()));
        try (VaultFixture vault = with(new DaemonCredentials.SignedToken(auth, "host", file))) {
            assertServes(vault);
        }
    }

    @Test
    void deadTokenIsReplacedByANewLogin() throws InterruptedException {
        List<String> before = SERVER.tokens();
        privateFile(file, secretId("mayfly"));
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertServes(vault);
            String own =
                    SERVER.tokens().stream()
                            .filter(accessor -> !before.contains(accessor))
                            .findFirst()
                            .orElseThrow();
            SERVER.write("auth/token/revoke-accessor", "{\"accessor\":\"" + own + "\"}");

            assertServes(vault);
        }
    }

    @Test
    void tokenIsRenewedBeyondItsFirstLife() throws InterruptedException {
        World.role(WORLD.appRole(), "brief", WORLD.daemonPolicy(), "token_period", "12s");
        List<String> before = SERVER.tokens();
        privateFile(file, secretId("brief"));
        try (VaultFixture vault = with(appRole("brief", ""))) {
            vault.provider.start();
            Eventually.holds(
                    "the daemon is logged in",
                    Duration.ofSeconds(10),
                    () -> vault.provider.unhealthyBecause(POOL).isEmpty());
            String own =
                    SERVER.tokens().stream()
                            .filter(accessor -> !before.contains(accessor))
                            .findFirst()
                            .orElseThrow();

            Eventually.holds(
                    "the token was renewed",
                    Duration.ofSeconds(20),
                    () -> SERVER.token(own).has("last_renewal_time"));
            assertServes(vault);
        }
    }

    @Test
    void tokenAtItsGreatestAgeIsReplaced() throws InterruptedException {
        SERVER.write(
                "auth/" + WORLD.appRole() + "/role/ageing",
                """
                {"token_policies": ["%s"], "token_ttl": "9s", "token_max_ttl": "12s"}
                """
                        .formatted(WORLD.daemonPolicy()));
        List<String> before = SERVER.tokens();
        privateFile(file, secretId("ageing"));
        try (VaultFixture vault = with(appRole("ageing", ""))) {
            vault.provider.start();
            Eventually.holds(
                    "the daemon is logged in",
                    Duration.ofSeconds(10),
                    () -> SERVER.tokens().size() > before.size());
            List<String> first = SERVER.tokens();

            Eventually.holds(
                    "there is another token",
                    Duration.ofSeconds(30),
                    () -> !first.containsAll(SERVER.tokens()));
            assertServes(vault);
        }
    }

    @Test
    void credentialForEverybodysEyesIsNotUsed() throws IOException {
        Files.writeString(file, secretId("mayfly"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains("can be read by every user of this host: chmod o-r " + file);
        }
    }

    @Test
    void missingFileIsNamed() {
        try (VaultFixture vault = with(appRole("mayfly", ""))) {
            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains(file + " cannot be read: NoSuchFileException");
        }
    }

    @Test
    void daemonMayNotReadSecretsItself() {
        String token = WORLD.space().daemonToken(WORLD.role());
        HttpResponse<String> answer =
                SERVER.answer(
                        "POST",
                        "sys/capabilities",
                        """
                        {"token": "%s", "paths": ["%s/x", "auth/token/create/%s", "auth/token/create",
                         "sys/leases/revoke", "auth/token/revoke-accessor"]}
                        """
                                .formatted(token, WORLD.kv(), WORLD.role()),
                        VaultServer.ROOT_TOKEN);
        String capabilities = Objects.requireNonNull(answer.body());

        assertThat(capabilities)
                .contains("\"" + WORLD.kv() + "/x\":[\"deny\"]")
                .contains("\"auth/token/create\":[\"deny\"]")
                .contains("\"auth/token/create/" + WORLD.role() + "\":[\"update\"]")
                .contains("\"sys/leases/revoke\":[\"update\"]")
                .contains("\"auth/token/revoke-accessor\":[\"update\"]");
    }
}
