package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.secrets.vault.CiServer;
import dev.mayfly.secrets.vault.FaultProxy;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Looks for all that is secret of a job with Vault's secrets: what was fetched, the identity token
 * that got it, and the tokens that Vault gave for it. It may be with Vault, in the daemon's memory,
 * in the job's processes and its own file system in memory. The daemon's log says all that it can
 * be made to say. Needs an engine on this host whose data root may be read, the docker command
 * line, and the agent image.
 */
@Timeout(240)
class VaultLeakIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();

    @TempDir private Path directory;

    private final CiServer ci = new CiServer();
    private final String canary = randomHex();
    private final String marker = randomHex();
    private final String identity = ci.token(Map.of());

    private static String randomHex() {
        byte[] bytes = new byte[16];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void whatVaultGivesIsWithVaultAndTheDaemonAndTheJobOnly() throws Exception {
        try (VaultServer server = VaultServer.start();
                FaultProxy watched = new FaultProxy(server.address());
                GitLabStub stub = GitLabStub.start();
                Engine engine = new Engine()) {
            StubRunner runner = stub.runner();
            Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
            installation.runner(stub, runner);
            VaultSpace space = server.space("leak");
            String database = space.database(CLUSTER, "leak");
            String keyValue = space.keyValue(2);
            server.write(keyValue + "/data/shop", "{\"data\":{\"password\":\"" + canary + "\"}}");
            String auth = space.enableAuth("jwt");
            server.write(
                    "auth/" + auth + "/config",
                    "{\"bound_issuer\":\"%s\",\"jwt_validation_pubkeys\":\"%s\"}"
                            .formatted(CiServer.ISSUER, ci.publicKey().replace("\n", "\\n")));
            server.write(
                    "auth/" + auth + "/role/ci",
                    """
                    {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                     "token_policies": ["%s"], "token_ttl": "90s", "token_no_default_policy": true,
                     "token_type": "service"}
                    """
                            .formatted(
                                    CiServer.AUDIENCE,
                                    space.jobPolicy("ci", database + "/*", keyValue + "/*")));
            String role = space.tokenRole("none", space.jobPolicy("none"));
            String daemonToken = space.daemonToken(role);
            installation.vault(
                    watched.address(),
                    daemonToken,
                    role,
                    ", jwt: {mount: %s, role: ci}, bindings: [{name: BOUND, ref: 'vault:%s/creds/leak'}]"
                            .formatted(auth, database));
            MayflyProcess daemon = MayflyProcess.talkativeDaemon(installation);
            try {
                long before = System.currentTimeMillis() / 1000 - 1;
                StubPayload payload = payload(watched, auth, database, keyValue);
                StubJob job = stub.enqueue(runner, payload);
                Eventually.holds("the job runs", SOON, () -> job.trace().contains("\nready\n"));

                List<String> containers = engine.containersOf("stub-1");
                String jobs = engine.containerOf("stub-1", "job");
                String password = Engine.docker("exec", jobs, "cat", "/run/secrets/PASSWORD");
                String user = Engine.docker("exec", jobs, "cat", "/run/secrets/LOGIN");
                assertThat(user).startsWith("v-");
                assertThat(CLUSTER.lets(user, password)).as("the value is the right one").isTrue();
                List<String> secret = new ArrayList<>(watched.tokens());
                assertThat(secret.remove(daemonToken)).isTrue();
                assertThat(secret).as("the tokens of the job").hasSize(1);
                secret.addAll(LeakSearch.formsOf(canary));
                secret.addAll(LeakSearch.formsOf(password));
                secret.add(user);
                secret.add(identity);

                assertThat(environment(jobs)).as("the search finds what is there").contains(canary);
                assertThat(LeakSearch.environmentsWith(secret, jobs)).isEmpty();
                String shown = LeakSearch.shown(containers);
                assertThat(shown).contains("stub-1", "sleep 600");
                List<Path> places =
                        List.of(
                                Path.of(engine.dataRoot()),
                                installation.state(),
                                daemon.log(),
                                installation.config());
                assertNowhere(secret, before, places, shown + job.trace());
                assertThat(LeakSearch.filesWith(List.of(marker), before, places))
                        .anyMatch(file -> file.endsWith("/marker"));
                assertThat(daemon.said()).contains("TRACE", "secret action=read job=stub-1");

                job.cancel();
                Eventually.holds("the job is over", SOON, () -> CLUSTER.logins("leak").isEmpty());
                Eventually.holds(
                        "nothing of it is there",
                        SOON,
                        () -> engine.containersOf("stub-1").isEmpty());
                assertNowhere(secret, before, places, job.trace());
            } finally {
                daemon.close();
            }
        }
    }

    private StubPayload payload(FaultProxy watched, String auth, String database, String keyValue) {
        StubPayload payload =
                StubPayload.job(1, "deploy")
                        .variable("GIT_STRATEGY", "none")
                        .variable("VAULT_ID_TOKEN", identity, "masked raw")
                        .variable("MARKER", marker)
                        .script(
                                "echo \"$MARKER\" >marker",
                                "echo \"to be masked $SHOP $VAULT_ID_TOKEN\"",
                                "cat /run/secrets/PASSWORD /run/secrets/BOUND",
                                "sync; echo; echo ready",
                                "sleep 600");
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        String url = watched.address().toString();
        for (ObjectNode secret :
                List.of(
                        payload.vaultSecret("SHOP", url, "ci", "kv-v2:" + keyValue, "shop#password")
                                .put("file", false),
                        payload.vaultSecret(
                                "PASSWORD",
                                url,
                                "ci",
                                "generic:" + database,
                                "creds/leak#password"),
                        payload.vaultSecret(
                                "LOGIN",
                                url,
                                "ci",
                                "generic:" + database,
                                "creds/leak#username"))) {
            ((ObjectNode) secret.at("/vault/server/auth")).put("path", auth);
        }
        return payload;
    }

    private static void assertNowhere(
            List<String> secret, long since, List<Path> places, String shown) throws Exception {
        assertThat(LeakSearch.filesWith(secret, since, places)).isEmpty();
        for (String form : secret) {
            assertThat(shown.indexOf(form)).as("a form of something secret").isEqualTo(-1);
        }
    }

    private static String environment(String container) throws Exception {
        StringBuilder environment = new StringBuilder();
        for (String process : LeakSearch.processesOf(container)) {
            Path file = Path.of("/proc", process, "environ");
            environment.append(Files.readString(file, StandardCharsets.ISO_8859_1));
        }
        return environment.toString();
    }
}
