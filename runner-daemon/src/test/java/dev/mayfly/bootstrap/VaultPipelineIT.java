package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.admission.oidc.Issuer;
import dev.mayfly.secrets.vault.CiServer;
import dev.mayfly.secrets.vault.FaultProxy;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Jobs of a pipeline: their identity tokens get them what the pool's configuration binds, and what
 * they name themselves where their server knows Vault. The CI server is a stub; Vault and
 * PostgreSQL are real. Needs an engine on this host and the agent image.
 */
@Timeout(180)
class VaultPipelineIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();
    private static final CiServer CI = new CiServer();

    @TempDir private static Path directory;

    private static VaultServer server;
    private static Issuer issuer;
    private static GitHttpServer git;
    private static GitLabStub stub;
    private static StubRunner runner;

    /** Of a pool whose first fence is down: its jobs may ask for every path. */
    private static StubRunner unfenced;

    private static StubRunner forks;

    private static final String AUTH_DATA = "/vault/server/auth/data";
    private static Daemon daemon;
    private static String database;
    private static String keyValue;
    private static String auth;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = VaultServer.startAudited();
        server.write("sys/config/auditing/request-headers/x-mayfly-job", "{\"hmac\": false}");
        issuer = new Issuer();
        git = new GitHttpServer(Files.createDirectory(directory.resolve("git")));
        VaultSpace space = server.space("pipe");
        database = space.database(CLUSTER, "pipe");
        keyValue = space.keyValue(2);
        server.write(keyValue + "/data/shop", "{\"data\":{\"password\":\"of-the-shop-alone\"}}");
        server.write(
                keyValue + "/data/production/shop",
                "{\"data\":{\"password\":\"of-production-alone\"}}");
        auth = space.enableAuth("jwt");
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
                        .formatted(
                                CiServer.AUDIENCE,
                                space.jobPolicy("prod", database + "/*", keyValue + "/*")));
        server.write(
                "auth/" + auth + "/role/forks",
                """
                {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                 "bound_claims": {"ref_protected": "false"}, "token_policies": ["%s"],
                 "token_ttl": "90s", "token_no_default_policy": true, "token_type": "service"}
                """
                        .formatted(
                                CiServer.AUDIENCE,
                                space.jobPolicy("forks", keyValue + "/data/forks/*")));
        String role = space.tokenRole("none", space.jobPolicy("none"));
        stub = GitLabStub.start();
        runner = stub.runner();
        unfenced = stub.runner();
        forks = stub.runner();
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.runner(stub, runner);
        installation.runner(stub, unfenced, "unfenced", "untrusted");
        installation.runner(stub, forks, "forks", "guarded");
        installation.vault(
                server.address(),
                space.daemonToken(role),
                role,
                """
                , jwt: {mount: %s, role: prod}, bindings: [
                     {name: DB_USER, ref: 'vault:%s/creds/pipe#username', variable: true, when: {ref_protected: true}},
                     {name: DB_PASSWORD, ref: 'vault:%s/creds/pipe#password', when: {ref_protected: true}},
                     {name: RULED, ref: 'vault:%s/data/shop#password', when: "server.ref == 'ruled' && server.project_id == '7' && !server.fork"},
                     {name: NEVER, ref: 'vault:%s/data/shop#password', when: "server.ref_protected"},
                     {name: UNVERIFIED, ref: 'vault:%s/data/shop#password', when: "claims.project_id == '42'"}]\
                """
                        .formatted(auth, database, database, keyValue, keyValue, keyValue));
        String config = Files.readString(installation.config());
        Files.writeString(
                installation.config(),
                config.replace(
                                "allow: [{paths: ['*']}]",
                                """
                                allow: [{paths: ['%s/*', '%s/data/shop']},
                                     {paths: ['%s/data/production/*'], when: "claims.environment == 'production' && claims.ref_protected == 'true' && server.project_id == '7'"}]\
                                """
                                        .formatted(database, keyValue, keyValue))
                        .replace(
                                "{name: untrusted,",
                                "{name: untrusted, vault: {jwt: {mount: %s, role: prod}, allow: [{paths: ['*']}]},"
                                        .formatted(auth))
                        .replace(
                                "{name: guarded,",
                                "{name: guarded, vault: {jwt: {mount: %s, role: forks}, allow: [{paths: ['%s/data/forks/*']}]},"
                                        .formatted(auth, keyValue))
                        .replace(
                                "pool: trusted}\n    - {name: unfenced",
                                "pool: trusted, id_token: {issuer: \"%s\", audience: %s, keys: \"%s\"}}\n    - {name: unfenced"
                                        .formatted(Issuer.NAME, Issuer.AUDIENCE, issuer.keys())));
        daemon = Daemon.start(installation.settings());
    }

    @AfterAll
    static void stop() throws InterruptedException {
        daemon.drain();
        daemon.close();
        stub.close();
        git.close();
        issuer.close();
        server.close();
    }

    private static StubJob ended(long id, String token, String... script)
            throws InterruptedException {
        return ended(payload(id, token, script));
    }

    private static StubPayload payload(long id, String token, String... script) {
        StubPayload payload =
                StubPayload.job(id, "deploy")
                        .variable("GIT_STRATEGY", "none")
                        .variable("VAULT_ID_TOKEN", token, "masked raw")
                        .failureReasons(
                                "script_failure",
                                "runner_system_failure",
                                "runner_configuration_error",
                                "runner_external_dependency_failure")
                        .script(script);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        return payload;
    }

    /** A secret of the pipeline's own; the engine as its name and path, then path and field. */
    private static ObjectNode secret(
            StubPayload payload, String name, String engine, String field) {
        ObjectNode secret =
                payload.vaultSecret(name, server.address().toString(), "", engine, field);
        ((ObjectNode) secret.at("/vault/server/auth")).put("path", auth);
        return secret;
    }

    private static StubJob ended(StubPayload payload) throws InterruptedException {
        return ended(runner, payload);
    }

    private static StubJob ended(StubRunner taking, StubPayload payload)
            throws InterruptedException {
        StubJob job = stub.enqueue(taking, payload);
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
        assertThat(job.failureReason()).isEqualTo("runner_configuration_error");
        assertNothingIsLeft();
    }

    @Test
    void ruleDecidesWhoIsGivenWhatByFactsThatNoJobCanChoose() throws InterruptedException {
        StubPayload payload =
                payload(
                        510,
                        CI.token(Map.of()),
                        "test -s /run/secrets/RULED",
                        "test ! -e /run/secrets/NEVER",
                        "test ! -e /run/secrets/UNVERIFIED");
        ((ObjectNode) payload.node().path("git_info")).put("ref", "ruled");
        StubJob job = ended(payload);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertNothingIsLeft();
    }

    // -- two fences before what is of production

    /** With a token for Mayfly's rules and one for Vault, which say the same of the job. */
    private static StubPayload ofProduction(long id, String protection, String project) {
        StubPayload payload =
                payload(
                        id,
                        CI.token(
                                Map.of(
                                        "ref_protected",
                                        protection,
                                        "project_id",
                                        project.equals("7") ? "42" : project)),
                        "echo \"ran with $PRODUCTION\"");
        payload.variable(
                "MAYFLY_ID_TOKEN",
                issuer.sign(
                        Issuer.claims(String.valueOf(id))
                                .claim("ref_protected", protection)
                                .claim("project_id", project)
                                .build()),
                "masked raw");
        ((ObjectNode) payload.node().path("job_info")).put("project_id", Long.parseLong(project));
        secret(payload, "PRODUCTION", "kv-v2:" + keyValue, "production/shop#password")
                .put("file", false);
        return payload;
    }

    /** What Vault has written down of the requests for a job. */
    private static List<String> asked(String job) {
        return server.auditOf(job).stream()
                .map(entry -> entry.at("/request/path").asText())
                .toList();
    }

    @Test
    void protectedRefOfTheProjectHasWhatIsOfProduction() throws InterruptedException {
        StubJob job = ended(ofProduction(601, "true", "7"));

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace()).contains("ran with [MASKED]\n");
        assertThat(asked("stub-601")).contains(keyValue + "/data/production/shop");
    }

    @ParameterizedTest
    @CsvSource({"602, false, 7", "603, true, 8"})
    void otherRefsAndProjectsAreRefusedBeforeVaultIsAskedAndByVaultWhereThatFenceIsDown(
            long id, String protection, String project) throws InterruptedException {
        StubJob fenced = ended(ofProduction(id, protection, project));

        assertThat(fenced.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(fenced.failureReason()).isEqualTo("runner_configuration_error");
        assertThat(fenced.trace())
                .contains(
                        "this job may not read "
                                + keyValue
                                + "/data/production/shop: it is for jobs with claims.environment")
                .doesNotContain("ran with");
        assertThat(asked("stub-" + id)).isEmpty();

        StubJob open = ended(unfenced, ofProduction(id + 10, protection, project));

        assertThat(open.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(open.failureReason()).isEqualTo("runner_configuration_error");
        assertThat(open.trace())
                .contains("identity token gives no access to the role prod")
                .doesNotContain("ran with");
        assertThat(asked("unfenced-" + (id + 10))).containsOnly("auth/" + auth + "/login");
    }

    // -- secrets that the pipeline names

    @Test
    void secretsOfThePipelineAreFetchedInTheJobsOwnName() throws InterruptedException {
        StubPayload payload =
                payload(
                        504,
                        CI.token(Map.of()),
                        "test \"$OWN_PASSWORD\" = /run/secrets/OWN_PASSWORD",
                        "test -s \"$OWN_PASSWORD\"",
                        "ls -l /run/secrets/OWN_PASSWORD | cut -c1-10",
                        "case \"$OWN_USER\" in v-*) echo a login of its own;; *) exit 1;; esac",
                        "echo \"the shop has $SHOP\"",
                        "test \"$(cat /run/secrets/SHOP)\" = \"$SHOP\"");
        secret(payload, "OWN_PASSWORD", "generic:" + database, "creds/pipe#password");
        secret(payload, "OWN_USER", "generic:" + database, "creds/pipe#username")
                .put("file", false);
        secret(payload, "SHOP", "kv-v2:" + keyValue, "shop#password").put("file", false);
        StubJob job = ended(payload);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace())
                .contains("a login of its own\n", "the shop has [MASKED]", "-r--------\n")
                .contains("secret SHOP: " + keyValue + "/data/shop version 1, not leased")
                .doesNotContain("of-the-shop-alone");
        assertNothingIsLeft();
    }

    @Test
    void setupHasNoneOfThemNorTheTokenThatGetsThem() throws InterruptedException {
        StubPayload payload =
                payload(
                        505,
                        CI.token(Map.of()),
                        "echo \"setup sees ${SHOP:-nothing} ${VAULT_ID_TOKEN:-no token}\"",
                        "echo \"setup has $(ls /run/secrets | wc -l) files\"",
                        "(sleep 600; cat /run/secrets/SHOP >stolen) &",
                        "echo installed >package",
                        ": end of setup",
                        "cat package",
                        "test -n \"$SHOP\" && test -s /run/secrets/SHOP",
                        "case \"$(cat /proc/[0-9]*/comm)\" in *sleep*) exit 1;; esac",
                        "echo done");
        secret(payload, "SHOP", "kv-v2:" + keyValue, "shop#password").put("file", false);
        StubJob job = ended(payload);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace())
                .contains("setup sees nothing no token\n", "setup has 0 files\n")
                .contains("installed\n", "done\n");
        assertNothingIsLeft();
    }

    @Test
    void fetchingOfTheSourcesHasNoneOfThem() throws Exception {
        String commit = git.repository("app", "app.txt", "of the application\n");
        StubPayload payload =
                StubPayload.job(511, "deploy")
                        .variable("VAULT_ID_TOKEN", CI.token(Map.of()), "masked raw")
                        .script("cat app.txt", "test -s /run/secrets/SHOP");
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        String token = payload.node().path("token").asText();
        git.allow(token);
        ((ObjectNode) payload.node().path("git_info"))
                .put(
                        "repo_url",
                        "http://gitlab-ci-token:%s@%s/app.git".formatted(token, git.authority()))
                .put("sha", commit);
        ArrayNode hooks = payload.node().putArray("hooks");
        for (String hook : List.of("pre", "post")) {
            hooks.addObject()
                    .put("name", hook + "_get_sources_script")
                    .putArray("script")
                    .add(
                            "echo \"%s sees ${SHOP:-nothing}, $(ls /run/secrets | grep -c SHOP) files, $(cat /proc/[0-9]*/environ | grep -c of-the-shop) values\""
                                    .formatted(hook));
        }
        secret(payload, "SHOP", "kv-v2:" + keyValue, "shop#password").put("file", false);
        StubJob job = ended(payload);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace())
                .contains("\npre sees nothing, 0 files, 0 values\n", "of the application\n")
                .contains("\npost sees nothing, 0 files, 0 values\n")
                .doesNotContain("of-the-shop-alone");
    }

    @Test
    void pipelineCannotSendItsTokenToAServerOfItsOwn() throws Exception {
        try (FaultProxy evil = new FaultProxy(server.address())) {
            StubPayload payload = payload(506, CI.token(Map.of()), "echo ran");
            secret(payload, "SHOP", "kv-v2:" + keyValue, "shop#password");
            ((ObjectNode) payload.node().at("/secrets/SHOP/vault/server"))
                    .put("url", evil.address().toString());
            StubJob job = ended(payload);

            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(job.failureReason()).isEqualTo("runner_configuration_error");
            assertThat(job.trace())
                    .contains("the job's secret SHOP is at the server")
                    .contains("it must be " + server.address())
                    .doesNotContain("ran\n");
            assertThat(evil.seen("")).isEmpty();
        }
        assertNothingIsLeft();
    }

    /** Whoever has the token of another pool's job still has the fences of its own pool. */
    @Test
    void tokenStolenFromAHigherPoolOpensNothingInALowerOne() throws InterruptedException {
        String stolen = CI.token(Map.of());
        StubPayload path = payload(521, stolen, "echo ran");
        secret(path, "SHOP", "kv-v2:" + keyValue, "shop#password");
        StubPayload role = payload(522, stolen, "echo ran");
        ((ObjectNode) secret(role, "SHOP", "kv-v2:" + keyValue, "shop#password").at(AUTH_DATA))
                .put("role", "prod");
        StubPayload own = payload(523, stolen, "echo ran");
        secret(own, "SHOP", "kv-v2:" + keyValue, "forks/x#password");

        StubJob refusedPath = ended(forks, path);
        StubJob refusedRole = ended(forks, role);
        StubJob refusedByVault = ended(forks, own);

        assertThat(refusedPath.trace())
                .contains("jobs in pool guarded may not read " + keyValue + "/data/shop")
                .doesNotContain("ran\n");
        assertThat(refusedRole.trace()).contains("the role prod").doesNotContain("ran\n");
        assertThat(asked("forks-521")).isEmpty();
        assertThat(asked("forks-522")).isEmpty();
        assertThat(refusedByVault.trace())
                .contains("identity token gives no access to the role forks")
                .doesNotContain("ran\n");
        assertThat(asked("forks-523")).containsOnly("auth/" + auth + "/login");
    }

    @Test
    void unprotectedRefIsRefusedByVaultWhereTheFirstFenceIsDown() throws InterruptedException {
        StubPayload payload = payload(507, CI.token(Map.of("ref_protected", "false")), "echo ran");
        secret(payload, "SHOP", "kv-v2:" + keyValue, "shop#password");
        StubJob job = ended(payload);

        assertThat(job.failureReason()).isEqualTo("runner_configuration_error");
        assertThat(job.trace())
                .contains("identity token gives no access to the role prod")
                .doesNotContain("ran\n");
    }

    @Test
    void missingSecretFailsTheJobBeforeItsFirstCommand() throws InterruptedException {
        StubPayload payload = payload(508, CI.token(Map.of()), "echo ran");
        secret(payload, "OWN_USER", "generic:" + database, "creds/pipe#username");
        secret(payload, "SHOP", "kv-v2:" + keyValue, "shop#pasword");
        StubJob job = ended(payload);

        assertThat(job.failureReason()).isEqualTo("runner_configuration_error");
        assertThat(job.trace())
                .contains(keyValue + "/data/shop: there is no field pasword")
                .doesNotContain("ran\n");
        assertNothingIsLeft();
    }

    @Test
    void secretOfAnotherProviderIsNotServedYet() throws InterruptedException {
        StubPayload payload = payload(509, CI.token(Map.of()), "echo ran");
        payload.node()
                .putObject("secrets")
                .putObject("CLOUDY")
                .putObject("gcp_secret_manager")
                .put("name", "n");
        StubJob job = ended(payload);

        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.trace())
                .contains("the secret CLOUDY from gcp_secret_manager, which is not served yet")
                .doesNotContain("ran\n");
    }
}
