package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.secrets.vault.CiServer;
import dev.mayfly.secrets.vault.FaultProxy;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Daemons that are killed at each step of a job's way to its secrets and back: when the next one
 * runs, no lease, no token and no login of the job is left. The job of a pipeline has two
 * identities, one by the pool's configuration and one by the pipeline's own words. Needs an engine
 * on this host, the agent image, a Vault or OpenBao program, and PostgreSQL.
 */
@Timeout(240)
class VaultCrashIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();
    private static final CiServer CI = new CiServer();
    private static final String SCRIPT = "sleep 61613";
    private static final String AFTER_SCRIPT = "sleep 61617";
    private static final FaultProxy.Fault SILENCE = new FaultProxy.Fault.Silence();

    /** How long a token lives that nobody has heard of. */
    private static final Duration UNHEARD = Duration.ofSeconds(90);

    /** Tokens of daemons that were killed before they had heard of them. */
    private static final Set<String> UNHEARD_OF = new HashSet<>();

    private static VaultServer server;
    private static String database;
    private static String keyValue;
    private static String auth;
    private static String minting;
    private static String daemonToken;

    @TempDir private Path directory;

    private FaultProxy proxy;
    private GitLabStub stub;
    private StubRunner runner;
    private Installation installation;
    private MayflyProcess daemon;
    private Set<String> tokensBefore;

    /** Where in its way the daemon is killed. */
    enum Step {
        LOGIN_WAS_NOT_HEARD,
        TOKEN_IS_LIFTED,
        SECRETS_ARE_READ,
        SCRIPT_RUNS,
        AFTER_SCRIPT_RUNS,
        LEASES_ARE_REVOKED,
        TOKENS_ARE_REVOKED,
        REVOCATION_IS_VERIFIED
    }

    @BeforeAll
    static void world() {
        server = VaultServer.start(); // its own: its tokens are counted
        VaultSpace space = server.space("crash");
        database = space.database(CLUSTER, "crash");
        keyValue = space.keyValue(2);
        server.write(keyValue + "/data/shop", "{\"data\":{\"password\":\"of-the-crashed-shop\"}}");
        auth = space.enableAuth("jwt");
        server.write(
                "auth/" + auth + "/config",
                "{\"bound_issuer\":\"%s\",\"jwt_validation_pubkeys\":\"%s\"}"
                        .formatted(CiServer.ISSUER, CI.publicKey().replace("\n", "\\n")));
        identityRole("bound", space.jobPolicy("bound", database + "/*"));
        identityRole("named", space.jobPolicy("named", keyValue + "/*", database + "/*"));
        minting =
                space.tokenRole(
                        "minting", space.jobPolicy("job", database + "/*", keyValue + "/*"));
        daemonToken = space.daemonToken(minting);
    }

    private static void identityRole(String name, String policy) {
        server.write(
                "auth/" + auth + "/role/" + name,
                """
                {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                 "bound_claims": {"project_id": "42"}, "token_policies": ["%s"], "token_ttl": "%ds",
                 "token_explicit_max_ttl": "1h", "token_no_default_policy": true, "token_type": "service"}
                """
                        .formatted(CiServer.AUDIENCE, policy, UNHEARD.toSeconds()));
    }

    @AfterAll
    static void end() {
        server.close();
    }

    @BeforeEach
    void start() throws IOException, InterruptedException {
        tokensBefore = tokens();
        proxy = new FaultProxy(server.address());
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.runner(stub, runner);
        installation.vault(
                proxy.address(),
                daemonToken,
                minting,
                """
                , jwt: {mount: %s, role: bound, other_roles: [named]}, bindings: [
                     {name: BOUND_USER, ref: 'vault:%s/creds/crash#username', when: {project_id: 42}}]\
                """
                        .formatted(auth, database));
        daemon = MayflyProcess.daemon(installation);
    }

    @AfterEach
    void stop() {
        daemon.close();
        stub.tolerate("the next piece starts at");
        stub.tolerate("last_update must be the last");
        stub.close();
        proxy.close();
    }

    @ParameterizedTest
    @EnumSource
    void jobOfAPipelineLeavesNothing(Step step) throws IOException, InterruptedException {
        hinder(step, "auth/" + auth + "/login");
        StubPayload payload =
                StubPayload.job(1, "deploy")
                        .variable("GIT_STRATEGY", "none")
                        .variable("VAULT_ID_TOKEN", CI.token(Map.of()), "masked raw")
                        .script(script(step).toArray(String[]::new))
                        .afterScript(afterScript(step).toArray(String[]::new));
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        for (String[] secret :
                new String[][] {
                    {"OWN_USER", "generic:" + database, "creds/crash#username"},
                    {"OWN_PASSWORD", "generic:" + database, "creds/crash#password"},
                    {"SHOP", "kv-v2:" + keyValue, "shop#password"}
                }) {
            ObjectNode vault =
                    (ObjectNode)
                            payload.vaultSecret(
                                            secret[0],
                                            proxy.address().toString(),
                                            "named",
                                            secret[1],
                                            secret[2])
                                    .path("vault");
            ((ObjectNode) vault.path("server").path("auth")).put("path", auth);
        }
        stub.enqueue(runner, payload);
        killedAndNothingLeft(step, "auth/" + auth + "/login", 2);
    }

    @ParameterizedTest
    @EnumSource
    void jobWithATokenOfTheDaemonsMakingLeavesNothing(Step step)
            throws IOException, InterruptedException {
        hinder(step, "auth/token/create/");
        try (Jobs jobs = installation.jobs()) {
            jobs.submit(
                    """
                    pool: trusted
                    secrets:
                      DB_USER: {ref: "vault:%1$s/creds/crash#username", variable: true}
                      SHOP: "vault:%2$s/data/shop#password"
                    script: %3$s
                    after_script: %4$s
                    """
                            .formatted(database, keyValue, script(step), afterScript(step)));
            killedAndNothingLeft(step, "auth/token/create/", 1);
        }
    }

    private static List<String> script(Step step) {
        return step == Step.SCRIPT_RUNS ? List.of(SCRIPT) : List.of("echo ran");
    }

    private static List<String> afterScript(Step step) {
        return step == Step.AFTER_SCRIPT_RUNS ? List.of(AFTER_SCRIPT) : List.of("echo ran");
    }

    private void hinder(Step step, String login) {
        switch (step) {
            case LOGIN_WAS_NOT_HEARD -> {
                proxy.once(login, new FaultProxy.Fault.LostAnswer());
                proxy.always(login, SILENCE);
            }
            case TOKEN_IS_LIFTED -> proxy.always("auth/token/renew-self", SILENCE);
            case SECRETS_ARE_READ -> proxy.always(keyValue, SILENCE);
            case SCRIPT_RUNS, AFTER_SCRIPT_RUNS -> {
                // nothing stands in its way
            }
            case LEASES_ARE_REVOKED -> proxy.always("sys/leases/revoke", SILENCE);
            case TOKENS_ARE_REVOKED -> proxy.always("auth/token/revoke-accessor", SILENCE);
            case REVOCATION_IS_VERIFIED -> proxy.always("sys/leases/lookup", SILENCE);
        }
    }

    /** Waits for the step, kills the daemon in it, and looks for what the next one has left. */
    private void killedAndNothingLeft(Step step, String login, int logins)
            throws IOException, InterruptedException {
        Eventually.holds(step.name(), SOON, () -> reached(step, login, logins));
        assertThat(tokens())
                .as("the job has something that could be left")
                .hasSizeGreaterThan(tokensBefore.size());

        daemon.kill();
        proxy.heal();
        daemon = MayflyProcess.daemon(installation);

        Eventually.holds(
                "no login, no lease and no token is left",
                SOON,
                () ->
                        CLUSTER.logins("crash").isEmpty()
                                && server.list("sys/leases/lookup/" + database + "/creds/crash")
                                        .isEmpty()
                                && heard(step).equals(tokensBefore));
    }

    private boolean reached(Step step, String login, int logins)
            throws IOException, InterruptedException {
        return switch (step) {
            case LOGIN_WAS_NOT_HEARD -> proxy.seen(login).size() == 2;
            case TOKEN_IS_LIFTED -> seen("auth/token/renew-self");
            case SECRETS_ARE_READ -> seen(keyValue) && CLUSTER.logins("crash").size() == logins;
            case SCRIPT_RUNS -> processes().contains(SCRIPT);
            case AFTER_SCRIPT_RUNS -> processes().contains(AFTER_SCRIPT);
            case LEASES_ARE_REVOKED -> seen("sys/leases/revoke");
            case TOKENS_ARE_REVOKED -> seen("auth/token/revoke-accessor");
            case REVOCATION_IS_VERIFIED -> seen("sys/leases/lookup");
        };
    }

    /** The tokens that are there now. */
    private static Set<String> tokens() {
        Set<String> tokens = new HashSet<>(server.tokens());
        tokens.removeAll(UNHEARD_OF);
        return tokens;
    }

    /** One that only the server has heard of is in no journal: it has no lease, and dies soon. */
    private Set<String> heard(Step step) {
        if (step == Step.LOGIN_WAS_NOT_HEARD) {
            tokens().stream()
                    .filter(accessor -> !tokensBefore.contains(accessor))
                    .filter(accessor -> isShort(server.token(accessor)))
                    .forEach(UNHEARD_OF::add);
        }
        return tokens();
    }

    private static boolean isShort(JsonNode token) {
        return token.path("ttl").asLong() <= UNHEARD.toSeconds()
                && token.path("last_renewal_time").isMissingNode();
    }

    private boolean seen(String path) {
        return !proxy.seen(path).isEmpty();
    }

    private static String processes() throws IOException, InterruptedException {
        return Engine.Programs.output(new ProcessBuilder("ps", "-eo", "args"));
    }
}
