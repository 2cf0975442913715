package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.secrets.vault.CiServer;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs of a pipeline whose server knows no Vault: their identity tokens get them what the pool's
 * configuration binds. The CI server is a stub; Vault and PostgreSQL are real. Needs an engine on
 * this host and the agent image.
 */
@Timeout(180)
class VaultPipelineIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();
    private static final CiServer CI = new CiServer();

    @TempDir private static Path directory;

    private static VaultServer server;
    private static GitLabStub stub;
    private static StubRunner runner;
    private static Daemon daemon;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = VaultServer.start();
        VaultSpace space = server.space("pipe");
        String database = space.database(CLUSTER, "pipe");
        String auth = space.enableAuth("jwt");
        server.write(
                "auth/" + auth + "/config",
                "{\"bound_issuer\":\"%s\",\"jwt_validation_pubkeys\":\"%s\"}"
                        .formatted(CiServer.ISSUER, CI.publicKey().replace("\n", "\\n")));
        server.write(
                "auth/" + auth + "/role/prod",
                """
                {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                 "bound_claims": {"project_id": "42", "ref_protected": "true"}, "token_policies": ["%s"],
                 "token_ttl": "90s", "token_no_default_policy": true, "token_type": "service"}
                """
                        .formatted(CiServer.AUDIENCE, space.jobPolicy("prod", database + "/*")));
        String role = space.tokenRole("none", space.jobPolicy("none"));
        stub = GitLabStub.start();
        runner = stub.runner();
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.runner(stub, runner);
        installation.vault(
                server.address(),
                space.daemonToken(role),
                role,
                """
                , jwt: {mount: %s, role: prod}, bindings: [
                     {name: DB_USER, ref: 'vault:%s/creds/pipe#username', variable: true, when: {ref_protected: true}},
                     {name: DB_PASSWORD, ref: 'vault:%s/creds/pipe#password', when: {ref_protected: true}}]\
                """
                        .formatted(auth, database, database));
        daemon = Daemon.start(installation.settings());
    }

    @AfterAll
    static void stop() throws InterruptedException {
        daemon.drain();
        daemon.close();
        stub.close();
        server.close();
    }

    private static StubJob ended(long id, String token, String... script)
            throws InterruptedException {
        StubPayload payload =
                StubPayload.job(id, "deploy")
                        .variable("GIT_STRATEGY", "none")
                        .variable("VAULT_ID_TOKEN", token, "masked raw")
                        .script(script);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        StubJob job = stub.enqueue(runner, payload);
        Eventually.holds(
                "the job ends",
                SOON,
                () ->
                        List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED)
                                .contains(job.status()));
        return job;
    }

    private static void assertNothingIsLeft() throws InterruptedException {
        Eventually.holds(
                "the login is gone",
                Duration.ofSeconds(10),
                () -> CLUSTER.logins("pipe").isEmpty());
    }

    @Test
    void protectedJobHasADatabaseLoginThatItDidNotAskFor() throws InterruptedException {
        StubJob job =
                ended(
                        501,
                        CI.token(Map.of()),
                        "case \"$DB_USER\" in v-*) echo a login of its own;; *) exit 1;; esac",
                        "test -s /run/secrets/DB_PASSWORD",
                        "cat /run/secrets/DB_PASSWORD; echo \"user $DB_USER\"");

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace())
                .contains("a login of its own\n", "user [MASKED]")
                .doesNotContain("v-jwt");
        assertNothingIsLeft();
    }

    @Test
    void unprotectedJobHasNone() throws InterruptedException {
        StubJob job =
                ended(
                        502,
                        CI.token(Map.of("ref_protected", "false")),
                        "test -z \"$DB_USER\"",
                        "test ! -e /run/secrets/DB_PASSWORD");

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertNothingIsLeft();
    }

    @Test
    void jobWithAForgedTokenFailsAsItsOwnFault() throws InterruptedException {
        StubJob job = ended(503, new CiServer().token(Map.of()), "echo ran");

        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.trace())
                .contains("identity token gives no access to the role prod")
                .doesNotContain("ran\n");
        assertThat(job.failureReason())
                .isEqualTo("script_failure"); // the server knows no better word
        assertNothingIsLeft();
    }
}
