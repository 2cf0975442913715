package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.POOL;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static dev.mayfly.secrets.vault.VaultFixture.valuesOf;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.Eventually;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.vault.VaultConnection.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates on both sides of the connection, at a real server. */
class TlsIT {

    private static final VaultServer SERVER = VaultServer.startWithTls();

    private record World(VaultSpace space, String role, String kv, String auth) {

        static World create() {
            VaultSpace space = SERVER.space("tls");
            String kv = space.keyValue(1);
            SERVER.write(kv + "/x", "{\"v\":\"value-over-tls\"}");
            String role = space.tokenRole("role", space.jobPolicy("job", kv + "/*"));
            String pki = space.mount("pki", "pki");
            String authority =
                    SERVER.write(
                                    pki + "/root/generate/internal",
                                    "{\"common_name\":\"clients\",\"ttl\":\"8h\",\"key_type\":\"ec\"}")
                            .path("data")
                            .path("certificate")
                            .asText();
            SERVER.write(
                    pki + "/roles/daemon",
                    """
                    {"allow_any_name": true, "key_type": "ec", "key_bits": 256, "max_ttl": "1h",
                     "client_flag": true}
                    """);
            String auth = space.enableAuth("cert");
            SERVER.write(
                    "auth/" + auth + "/certs/mayfly",
                    new JsonMapper()
                            .createObjectNode()
                            .put("certificate", authority)
                            .put("token_policies", space.daemonPolicy(role))
                            .put("token_ttl", "1h")
                            .toString());
            return new World(space, role, kv, auth);
        }
    }

    private static final World WORLD = World.create();

    @TempDir private Path directory;
    private Path token;

    @BeforeEach
    void prepare() {
        token = privateFile(directory.resolve("token"), WORLD.space().daemonToken(WORLD.role()));
    }

    @AfterAll
    static void stopServer() {
        SERVER.close();
    }

    private static VaultFixture with(Tls tls, DaemonCredentials credentials) {
        return new VaultFixture(
                new VaultSettings(
                        new VaultConnection(
                                SERVER.address(), List.of(), "", tls, VaultFixture.LIMIT),
                        credentials,
                        List.of(VaultFixture.minted(WORLD.role()))));
    }

    private VaultFixture trusting(@Nullable Path authorities) {
        return with(new Tls(authorities, null, null), new DaemonCredentials.AgentToken(token));
    }

    private static void assertServes(VaultFixture vault) throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.kv() + "/x#v");
        assertThat(valuesOf(lease)).containsExactly("value-over-tls");
        lease.revoke();
    }

    /** A certificate with a key on an elliptic curve, as files. */
    private Tls issued(String name) throws IOException {
        JsonNode issued =
                SERVER.write(
                                WORLD.space().named("pki") + "/issue/daemon",
                                "{\"common_name\":\""
                                        + name
                                        + "\",\"ttl\":\"30m\",\"private_key_format\":\"pkcs8\"}")
                        .path("data");
        Path certificate =
                Files.writeString(
                        directory.resolve(name + ".pem"),
                        issued.path("certificate").asText() + "\n");
        Path key =
                privateFile(directory.resolve(name + ".key"), issued.path("private_key").asText());
        return new Tls(SERVER.authority(), certificate, key);
    }

    @Test
    void serverOfAKnownAuthorityIsTrusted() throws InterruptedException {
        try (VaultFixture vault = trusting(SERVER.authority())) {
            assertServes(vault);
        }
    }

    @Test
    void oneOfSeveralAuthoritiesIsEnough() throws IOException, InterruptedException {
        Path bundle = directory.resolve("bundle.pem");
        Files.writeString(
                bundle,
                Files.readString(Objects.requireNonNull(issued("other").certificate()))
                        + Files.readString(SERVER.authority()));
        try (VaultFixture vault = trusting(bundle)) {
            assertServes(vault);
        }
    }

    @Test
    void serverOfAnUnknownAuthorityIsNotSpokenTo() throws IOException {
        for (@Nullable Path wrong : new @Nullable Path[] {null, issued("stranger").certificate()}) {
            try (VaultFixture vault = trusting(wrong)) {
                assertThat(vault.provider.unhealthyBecause(POOL))
                        .contains("no trusted connection to " + SERVER.address())
                        .contains("secrets.vault.ca_file");
            }
        }
    }

    @Test
    void daemonLogsInWithItsCertificate() throws IOException, InterruptedException {
        Tls tls = issued("daemon");
        Path certificate = Objects.requireNonNull(tls.certificate());
        try (VaultFixture vault =
                with(tls, new DaemonCredentials.Certificate(WORLD.auth(), "mayfly", certificate))) {
            assertThat(vault.provider.unhealthyBecause(POOL)).isEmpty();
            assertServes(vault);
        }
    }

    @Test
    void exchangedCertificateIsNoticedWithoutARestart() throws IOException, InterruptedException {
        Tls tls = issued("daemon");
        Path certificate = Objects.requireNonNull(tls.certificate());
        Path key = Objects.requireNonNull(tls.key());
        try (VaultFixture vault =
                with(tls, new DaemonCredentials.Certificate(WORLD.auth(), "mayfly", certificate))) {
            assertServes(vault);
            vault.provider.start();
            List<String> first = SERVER.tokens();

            Tls next = issued("successor");
            Files.move(
                    Objects.requireNonNull(next.key()), key, StandardCopyOption.REPLACE_EXISTING);
            Files.move(
                    Objects.requireNonNull(next.certificate()),
                    certificate,
                    StandardCopyOption.REPLACE_EXISTING);

            Eventually.holds(
                    "the daemon has logged in with it",
                    Duration.ofSeconds(20),
                    () -> !first.containsAll(SERVER.tokens()));
            assertServes(vault);
        }
    }

    @Test
    void keyInAnotherFormIsSaidWithTheCure() throws IOException {
        Tls tls = issued("daemon");
        Path odd =
                privateFile(
                        directory.resolve("odd.key"),
                        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----");
        Path certificate = Objects.requireNonNull(tls.certificate());
        try (VaultFixture vault =
                with(
                        new Tls(tls.authorities(), certificate, odd),
                        new DaemonCredentials.Certificate(WORLD.auth(), "mayfly", certificate))) {
            assertThat(vault.provider.unhealthyBecause(POOL)).contains("openssl pkcs8 -topk8");
        }
    }
}
