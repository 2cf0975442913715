package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import dev.mayfly.secrets.vault.CiServer;
import dev.mayfly.secrets.vault.FaultProxy;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import dev.mayfly.source.local.LocalJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Daemons that are killed at each step of a job's way to its secrets and back: when the next one
 * runs, no lease, no token and no login of the job is left; and where no next one ever runs, all of
 * it dies by itself. Two jobs are in that step at once: one of a pipeline with two identities, one
 * by the pool's configuration and one by the pipeline's own words, and one whose token the daemon
 * makes. The daemon that comes after is the next one to be killed. Needs an engine on this host,
 * the agent image, a Vault or OpenBao program, and PostgreSQL.
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

    /** How long what a job was given outlives a daemon that nobody starts again. */
    private static final Duration SHORT_LIFE = Duration.ofSeconds(10);

    /** Ways in which an identity is got. */
    private static final String MINTING = "auth/token/create/";

    /** Tokens of daemons that were killed before they had heard of them. */
    private static final Set<String> UNHEARD_OF = new HashSet<>();

    @TempDir private static Path directory;

    private static VaultServer server;
    private static FaultProxy proxy;
    private static GitLabStub stub;
    private static StubRunner runner;
    private static String database;
    private static String keyValue;
    private static String auth;
    private static Installation installation;
    private static MayflyProcess daemon;
    private static long numbers;

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
    static void world() throws IOException, InterruptedException {
        server = VaultServer.start(); // its own: its tokens are counted
        proxy = new FaultProxy(server.address());
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
        String minting =
                space.tokenRole(
                        "minting", space.jobPolicy("job", database + "/*", keyValue + "/*"));
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 2, "drain_timeout: 1s"); // a slot for each
        installation.runner(stub, runner);
        installation.vault(
                proxy.address(),
                space.daemonToken(minting),
                minting,
                """
                , jwt: {mount: %s, role: bound, other_roles: [named]}, bindings: [
                     {name: BOUND_USER, ref: 'vault:%s/creds/crash#username', when: {project_id: 42}}]\
                """
                        .formatted(auth, database));
        daemon = MayflyProcess.daemon(installation);
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
        daemon.close();
        stub.tolerate("the next piece starts at");
        stub.tolerate("last_update must be the last");
        stub.close();
        proxy.close();
        server.close();
    }

    @BeforeEach
    void count() {
        proxy.heal();
        proxy.forget();
        tokensBefore = tokens();
    }

    @ParameterizedTest
    @EnumSource
    void killedDaemonsJobsLeaveNothingToTheNextOne(Step step)
            throws IOException, InterruptedException {
        hinder(step);
        try (Jobs jobs = installation.jobs()) {
            StubJob ofAPipeline = stub.enqueue(runner, ofAPipeline(step));
            JobId ofTheQueue = jobs.submit(ofTheQueue(step));
            Eventually.holds(step.name(), SOON, () -> reached(step));
            assertThat(tokens())
                    .as("each job has something that could be left")
                    .hasSizeGreaterThanOrEqualTo(tokensBefore.size() + 2);

            daemon.kill();
            proxy.heal();
            daemon = MayflyProcess.daemon(installation);

            Eventually.holds("nothing of them is left", SOON, () -> isNothingLeft(step));
            LocalJob lost = jobs.until(ofTheQueue, "over", j -> j.state().receipt() != null);
            Eventually.holds(
                    "the pipeline hears of it",
                    SOON,
                    () -> ofAPipeline.status() != StubJob.Status.RUNNING);
            if (step.compareTo(Step.AFTER_SCRIPT_RUNS) <= 0) {
                assertThat(lost.state().outcome()).isEqualTo(new Outcome.Lost());
                assertThat(ofAPipeline.status()).isEqualTo(StubJob.Status.FAILED);
            }
        }
    }

    /** Nobody acts, and nobody is there who could: real time passes, and the server counts it. */
    @Test
    void whatAKilledDaemonsJobsWereGivenDiesByItselfWhereNoNextOneRuns()
            throws IOException, InterruptedException {
        daemon.close();
        String usual = Files.readString(installation.config());
        Files.writeString(
                installation.config(),
                usual.replace(
                        "timeout: 5s, auth:",
                        "timeout: 5s, token_life: %ds, auth:".formatted(SHORT_LIFE.toSeconds())));
        daemon = MayflyProcess.daemon(installation);
        try (Jobs jobs = installation.jobs()) {
            stub.enqueue(runner, ofAPipeline(Step.SCRIPT_RUNS));
            jobs.submit(ofTheQueue(Step.SCRIPT_RUNS));
            Eventually.holds(
                    "both run, and are kept alive",
                    SOON,
                    () ->
                            reached(Step.SCRIPT_RUNS)
                                    && proxy.seen("auth/token/renew-self").size() >= 6);
            assertThat(CLUSTER.logins("crash")).hasSize(3);

            daemon.kill();
            Instant killed = Instant.now();

            Eventually.holds("all of it has died", SOON, () -> isNothingLeft(Step.SCRIPT_RUNS));
            assertThat(Duration.between(killed, Instant.now()))
                    .isLessThan(SHORT_LIFE.plusSeconds(10));
        } finally {
            Files.writeString(installation.config(), usual);
            daemon = MayflyProcess.daemon(installation);
        }
    }

    private static StubPayload ofAPipeline(Step step) {
        StubPayload payload =
                StubPayload.job(++numbers, "deploy")
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
        return payload;
    }

    private static String ofTheQueue(Step step) {
        return """
        pool: trusted
        secrets:
          DB_USER: {ref: "vault:%1$s/creds/crash#username", variable: true}
          SHOP: "vault:%2$s/data/shop#password"
        script: %3$s
        after_script: %4$s
        """
                .formatted(database, keyValue, script(step), afterScript(step));
    }

    private static List<String> script(Step step) {
        return step == Step.SCRIPT_RUNS ? List.of(SCRIPT) : List.of("echo ran");
    }

    private static List<String> afterScript(Step step) {
        return step == Step.AFTER_SCRIPT_RUNS ? List.of(AFTER_SCRIPT) : List.of("echo ran");
    }

    private static String exchanging() {
        return "auth/" + auth + "/login";
    }

    private static void hinder(Step step) {
        switch (step) {
            case LOGIN_WAS_NOT_HEARD -> {
                for (String login : List.of(MINTING, exchanging())) {
                    proxy.once(login, new FaultProxy.Fault.LostAnswer());
                    proxy.always(login, SILENCE);
                }
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

    /** Whether both jobs are there: the pipeline's has two leases and two tokens, the other one. */
    private static boolean reached(Step step) throws IOException, InterruptedException {
        return switch (step) {
            case LOGIN_WAS_NOT_HEARD ->
                    proxy.seen(MINTING).size() >= 2 && proxy.seen(exchanging()).size() >= 2;
            case TOKEN_IS_LIFTED -> proxy.seen("auth/token/renew-self").size() >= 2;
            case SECRETS_ARE_READ ->
                    proxy.seen(keyValue).size() >= 2 && CLUSTER.logins("crash").size() == 3;
            case SCRIPT_RUNS -> running(SCRIPT) == 2;
            case AFTER_SCRIPT_RUNS -> running(AFTER_SCRIPT) == 2;
            case LEASES_ARE_REVOKED -> proxy.seen("sys/leases/revoke").size() >= 3;
            case TOKENS_ARE_REVOKED -> proxy.seen("auth/token/revoke-accessor").size() >= 3;
            case REVOCATION_IS_VERIFIED -> proxy.seen("sys/leases/lookup").size() >= 3;
        };
    }

    private static long running(String command) throws IOException, InterruptedException {
        return Engine.Programs.output(new ProcessBuilder("ps", "-eo", "args"))
                .lines()
                .filter(command::equals)
                .count();
    }

    private boolean isNothingLeft(Step step) {
        return CLUSTER.logins("crash").isEmpty()
                && server.list("sys/leases/lookup/" + database + "/creds/crash").isEmpty()
                && heard(step).equals(tokensBefore);
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
}
