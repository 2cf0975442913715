package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.CiServer;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultReport;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.LocalSourceSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The way that docs/vault.md shows, from an empty server to a first job with a database login, on
 * real servers.
 */
@Timeout(180)
class VaultGuideIT {

    private static final PostgresCluster CLUSTER = PostgresCluster.shared();

    @TempDir private Path directory;
    private VaultServer server;

    @BeforeEach
    void start() {
        server = VaultServer.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private MayflySettings configured(String roleId) throws IOException {
        Path config =
                Files.writeString(
                        directory.resolve("mayfly.yaml"),
                        """
                        daemon: {state_dir: %1$s/state}
                        api: {listen: "unix:%1$s/api.sock"}
                        agent: {image: "%2$s"}
                        pools:
                          - name: trusted
                            network: none
                            vault:
                              token_role: mayfly-trusted
                              jwt: {role: trusted, bound_claims: {project_id: 7}}
                              allow:
                                - {paths: [database/creds/shop]}
                                - {paths: [pki/issue/web], when: {ref_protected: true}}
                        secrets:
                          vault:
                            address: %3$s
                            auth:
                              app_role: {role_id: "%4$s", secret_id_file: secret-id}
                        """
                                .formatted(
                                        directory,
                                        Installation.AGENT_IMAGE,
                                        server.address(),
                                        roleId));
        return ConfigLoader.load(config, Environment.ofProcess());
    }

    private void bootstrap(MayflySettings settings) throws InterruptedException {
        VaultSetup.of(settings)
                .orElseThrow()
                .apply(
                        false,
                        new SecretValue(
                                VaultServer.ROOT_TOKEN.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void emptyServerServesAJobWithADatabaseLogin() throws IOException, InterruptedException {
        // 1 a secret worth having
        server.write("sys/mounts/database", "{\"type\":\"database\"}");
        server.database(CLUSTER, "database", "shop");

        // 2 and 3 the configuration, and the other side of it
        server.write("sys/auth/jwt", "{\"type\":\"jwt\"}");
        server.write(
                "auth/jwt/config",
                "{\"jwt_validation_pubkeys\":\"%s\"}"
                        .formatted(new CiServer().publicKey().replace("\n", "\\n")));
        bootstrap(configured("unknown-yet"));
        bootstrap(configured("and-once-more")); // which changes nothing
        MayflySettings settings =
                configured(
                        server.read("auth/approle/role/mayfly/role-id")
                                .path("data")
                                .path("role_id")
                                .asText());
        Path secretId =
                Files.writeString(
                        directory.resolve("secret-id"),
                        server.write("auth/approle/role/mayfly/secret-id", "{}")
                                .path("data")
                                .path("secret_id")
                                .asText());
        Files.setPosixFilePermissions(secretId, PosixFilePermissions.fromString("rw-------"));

        assertThat(
                        server.read("sys/config/auditing/request-headers")
                                .at("/data/headers/x-mayfly-job/hmac")
                                .asBoolean(true))
                .as("the audit log names jobs")
                .isFalse();

        // 4 look
        try (Assembly parts = Assembly.open(settings, LocalSourceSettings.Queue.PRIVATE)) {
            VaultReport report = parts.examineVault().orElseThrow();
            assertThat(report.trouble()).isEmpty();
            assertThat(report.missing()).isEmpty();
            assertThat(report.excess()).isEmpty();
            assertThat(report.version()).isNotEmpty();
        }

        // 5 a job
        List<String> before = server.tokens();
        Jobs.Ended ended;
        try (Daemon daemon = Daemon.start(settings);
                Jobs jobs = jobs(settings, daemon)) {
            ended =
                    jobs.run(
                            """
                            pool: trusted
                            secrets:
                              DB_USER: {ref: "vault:database/creds/shop#username", variable: true}
                              DB_PASSWORD: "vault:database/creds/shop#password"
                            script:
                              - test -s /run/secrets/DB_PASSWORD
                              - case "$DB_USER" in v-*) echo a login of its own;; *) exit 1;; esac
                            """);
        }

        assertThat(ended.outcome()).as("%s", ended).isEqualTo(new Outcome.Passed());
        assertThat(CLUSTER.logins("shop")).isEmpty();
        assertThat(server.tokens()).hasSameSizeAs(before);
    }

    private static Jobs jobs(MayflySettings settings, Daemon daemon) {
        return new Jobs(
                new LocalClient(
                        daemon.endpoint(), ApiToken.readOrCreate(settings.api().tokenFile())));
    }

    @Test
    void commandsAreForAShellAndEachPoolHasItsOwn() throws IOException {
        List<String> commands =
                VaultSetup.of(configured("a-role-id")).orElseThrow().commands(false);

        assertThat(String.join("\n", commands))
                .contains("write_policy mayfly-daemon <<'EOF'")
                .contains(
                        "path \"auth/token/create/mayfly-trusted\" { capabilities = [\"update\"] }")
                .contains("vault auth enable -path=approle approle")
                .contains("vault write auth/approle/role/mayfly - <<'EOF'")
                .contains("write_policy mayfly-trusted <<'EOF'")
                .contains("path \"database/creds/shop\" { capabilities = [\"read\"] }")
                .contains("path \"pki/issue/web\" { capabilities = [\"update\"] }")
                .contains("vault write auth/token/roles/mayfly-trusted - <<'EOF'")
                .contains("vault write auth/jwt/role/trusted - <<'EOF'")
                .contains("vault write sys/config/auditing/request-headers/x-mayfly-job - <<'EOF'");
    }
}
