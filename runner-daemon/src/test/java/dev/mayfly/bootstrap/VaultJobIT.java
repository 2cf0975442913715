package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.vault.FaultProxy;
import dev.mayfly.secrets.vault.PostgresCluster;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs with secrets that exist for them only, through a daemon of its own: what they get, and that
 * nothing of it is left, however the job and the daemon end. Needs an engine on this host, the
 * agent image, a Vault or OpenBao program, and PostgreSQL.
 */
@Timeout(180)
class VaultJobIT {

    private static final String CANARY = "canary-of-the-versioned-engine";
    private static final Duration NOTICED = Duration.ofSeconds(30);
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();

    @TempDir private static Path directory;

    private static VaultServer server;
    private static FaultProxy proxy;
    private static String database;
    private static String keyValue;
    private static MayflyProcess daemon;
    private static Jobs jobs;

    private List<String> tokensBefore;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = VaultServer.startAudited(); // its own: it is sealed, and its tokens are counted
        server.write("sys/config/auditing/request-headers/x-mayfly-job", "{\"hmac\": false}");
        proxy = new FaultProxy(server.address());
        VaultSpace space = server.space("job");
        database = space.database(CLUSTER, "job");
        keyValue = space.keyValue(2);
        server.write(keyValue + "/data/shop", "{\"data\":{\"password\":\"" + CANARY + "\"}}");
        String policy = space.jobPolicy("job", database + "/*", keyValue + "/*");
        String role = space.tokenRole("role", policy);
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.vault(
                proxy.address(),
                space.daemonToken(role),
                role,
                ", bindings: [{name: BOUND, ref: 'vault:%s/data/shop#password'}]"
                        .formatted(keyValue));
        daemon = MayflyProcess.daemon(installation);
        jobs = installation.jobs();
    }

    @AfterAll
    static void stop() {
        jobs.close();
        daemon.close();
        proxy.close();
        server.close();
    }

    @BeforeEach
    void count() {
        tokensBefore = server.tokens();
    }

    private String job(String script) {
        return """
        pool: trusted
        secrets:
          DB_USER: {ref: "vault:%1$s/creds/job#username", variable: true}
          DB_PASSWORD: {ref: "vault:%1$s/creds/job#password"}
          SHOP: "vault:%2$s/data/shop#password"
        script: [%3$s]
        """
                .formatted(database, keyValue, script);
    }

    private void assertNothingIsLeft() {
        assertThat(CLUSTER.logins("job")).isEmpty();
        assertThat(server.list("sys/leases/lookup/" + database + "/creds/job")).isEmpty();
        assertThat(server.tokens()).containsExactlyInAnyOrderElementsOf(tokensBefore);
    }

    /** By the daemon's API. */
    private static String told(String path) throws IOException, InterruptedException {
        return Engine.Programs.output(
                new ProcessBuilder(
                        "curl",
                        "--silent",
                        "--unix-socket",
                        directory.resolve("api.sock").toString(),
                        "http://localhost" + path));
    }

    private static boolean isHealthy(String pool) throws IOException, InterruptedException {
        return told("/metrics").contains("mayfly_pool_healthy{pool=\"" + pool + "\"} 1");
    }

    private static List<OwnedResource> leases(Receipt receipt) {
        return receipt.disposals().stream()
                .map(Receipt.Disposal::resource)
                .filter(resource -> resource.kind() == OwnedResource.Kind.LEASE)
                .toList();
    }

    private void assertNowhere(String value) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(directory)) {
            all.filter(Files::isRegularFile).forEach(files::add);
        }
        assertThat(files).contains(daemon.log());
        for (Path file : files) {
            assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    .as("%s", file)
                    .doesNotContain(value);
        }
    }

    @Test
    void jobHasItsSecretsAndNothingOfThemIsLeft() throws IOException, InterruptedException {
        Jobs.Ended ended =
                jobs.run(
                        job(
                                """
                                'cat $(ls -d /run/secrets/*)', 'echo user=$DB_USER', 'ls -l /run/secrets',
                                'test "$(cat /run/secrets/SHOP)" = "$(cat /run/secrets/BOUND)"'
                                """));

        assertThat(ended.outcome()).as("%s", ended).isEqualTo(new Outcome.Passed());
        assertThat(ended.output()).contains("user=").doesNotContain(CANARY, "v-token-");
        assertThat(ended.output()).contains("-r--------").doesNotContain("-rw");
        assertThat(leases(ended.receipt())).hasSize(2); // the token and the database's login
        assertThat(ended.events().toString())
                .contains("secret DB_USER: " + database + "/creds/job, leased for this job");
        assertNothingIsLeft();
        assertNowhere(CANARY);
        assertThat(daemon.said())
                .contains("secret action=login job=" + ended.job().id())
                .contains("secret action=read job=" + ended.job().id())
                .contains("secret action=revoke job=" + ended.job().id());
    }

    @Test
    void serversOwnAuditLogNamesTheJobOfEachRequest() throws IOException, InterruptedException {
        Jobs.Ended ended = jobs.run(job("'cat $(ls -d /run/secrets/*)'"));
        String job = ended.job().id().value();

        assertThat(server.auditOf(job))
                .extracting(entry -> entry.at("/request/path").asText().replaceFirst("-role$", ""))
                .contains("auth/token/create/job", database + "/creds/job")
                .contains(keyValue + "/data/shop", "auth/token/renew-self")
                .contains("sys/leases/revoke", "sys/leases/lookup")
                .contains("auth/token/revoke-accessor", "auth/token/lookup-accessor");
        List<String> requests =
                server.auditOf(job).stream()
                        .map(entry -> entry.at("/request/id").asText())
                        .toList();
        List<String> lines =
                daemon.said()
                        .lines()
                        .filter(line -> line.contains("secret action="))
                        .filter(line -> line.contains(" job=" + job + " "))
                        .toList();
        assertThat(lines).hasSize(5); // a login, two reads, and two ends
        assertThat(lines)
                .allSatisfy(line ->
                        assertThat(line).matches("20\\d\\d-\\d\\d-\\d\\dT.* outcome=\"ok\" .*"));
        assertThat(lines.stream().filter(line -> !line.contains("action=revoke")))
                .hasSize(3) // a revocation is answered without a word
                .allSatisfy(line ->
                        assertThat(requests)
                                .contains(line.replaceFirst(".* request=(\\S*).*", "$1")));
        assertThat(server.wholeAudit()).doesNotContain(CANARY);
    }

    @Test
    void cancelledJobsSecretsAreTakenBack() throws IOException, InterruptedException {
        JobId job = jobs.submit(job("echo started, sleep 600"));
        jobs.printed(job, "\nstarted\n");

        jobs.client().cancel(job, "seen enough");

        assertThat(jobs.ended(job).outcome()).isEqualTo(new Outcome.Cancelled("seen enough"));
        assertNothingIsLeft();
    }

    @Test
    void failureToFetchFailsTheJobBeforeItsFirstCommandAndLeavesNothing()
            throws IOException, InterruptedException {
        Jobs.Ended ended =
                jobs.run(
                        """
                        pool: trusted
                        secrets:
                          DB_USER: "vault:%s/creds/job#username"
                          WRONG: "vault:%s/data/shopp#password"
                        script: [echo ran]
                        """
                                .formatted(database, keyValue));

        assertThat(ended.outcome()).isInstanceOf(Outcome.Faulted.class);
        assertThat(ended.outcome().sentence())
                .contains(keyValue + "/data/shopp: there is nothing at this path");
        assertThat(ended.output()).doesNotContain("ran");
        assertNothingIsLeft();
    }

    @Test
    void poolWithoutAShareIsRefused() throws IOException, InterruptedException {
        Jobs.Ended ended =
                jobs.run(
                        """
                        secrets: {SHOP: "vault:%s/data/shop#password"}
                        script: [echo ran]
                        """
                                .formatted(keyValue));

        assertThat(ended.outcome().sentence()).contains("pool untrusted has nothing from Vault");
        assertThat(server.tokens()).containsExactlyInAnyOrderElementsOf(tokensBefore);
    }

    @Test
    void sealedVaultKeepsItsPoolFromAskingAndNoOther() throws IOException, InterruptedException {
        Eventually.holds("it is asked for", NOTICED, () -> isHealthy("trusted"));
        server.seal();
        Eventually.holds("the daemon notices", NOTICED, () -> !isHealthy("trusted"));
        assertThat(isHealthy("untrusted")).isTrue();
        assertThat(daemon.said()).contains("not asking for jobs pool=trusted");
        assertThat(told("/readyz")).contains("Vault is sealed");

        JobId waiting = jobs.submit(job("echo ran"));
        assertThat(jobs.run("{script: [echo ran]}").outcome()).isEqualTo(new Outcome.Passed());
        assertThat(jobs.client().get(waiting).state().phase()).isEqualTo(JobPhase.QUEUED);

        server.unseal();
        assertThat(jobs.ended(waiting).outcome()).isEqualTo(new Outcome.Passed());
        assertNothingIsLeft();
    }

    @Test
    void secretsThatCannotBeTakenBackAreTriedAgainUntilTheyAre()
            throws IOException, InterruptedException {
        JobId job = jobs.submit(job("echo started, 'until test -e /tmp/go; do sleep 0.1; done'"));
        jobs.printed(job, "\nstarted\n");
        server.seal();
        jobs.client().cancel(job, "seen enough");
        jobs.until(job, "quarantined", j -> j.state().phase() == JobPhase.QUARANTINED);
        assertThat(told("/metrics")).contains("mayfly_secrets_unrevoked 2");
        assertThat(CLUSTER.logins("job")).hasSize(1);

        server.unseal();

        jobs.until(job, "released", j -> j.state().phase() == JobPhase.FINISHED);
        assertNothingIsLeft();
        assertThat(told("/metrics")).contains("mayfly_secrets_unrevoked 0");
    }
}
