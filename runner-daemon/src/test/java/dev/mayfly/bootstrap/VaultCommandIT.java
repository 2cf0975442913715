package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.bootstrap.MayflyProcess.Said;
import dev.mayfly.secrets.vault.FaultProxy;
import dev.mayfly.secrets.vault.VaultServer;
import dev.mayfly.secrets.vault.VaultSpace;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What commands say of a Vault and do to it, from their words to their exit code. */
@Timeout(180)
class VaultCommandIT {

    private static final String JWT = ", jwt: {role: trusted, bound_claims: {project_id: 7}}";
    private static final List<String> POLICIES = List.of("mayfly-daemon", "mayfly-trusted");

    @TempDir private Path directory;
    private VaultServer server;
    private VaultSpace space;

    @BeforeEach
    void start() {
        server = VaultServer.start(); // its own: it is empty at first
        space = server.space("cli");
        server.write("sys/auth/jwt", "{\"type\":\"jwt\"}");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Installation installation(URI address, String daemonToken) throws IOException {
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.vault(address, daemonToken, "mayfly-trusted", JWT);
        return installation;
    }

    private List<String> policies() {
        return server.list("sys/policies/acl");
    }

    // -- bootstrap

    @Test
    void printedCommandsAreForAShellAndWriteWhatIsNeeded() throws Exception {
        Installation installation = installation(server.address(), "not-needed-for-this");
        Said said = MayflyProcess.run(installation, Map.of(), "vault", "bootstrap");

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(policies()).as("nothing is written").doesNotContainAnyElementsOf(POLICIES);

        shell(said.out());

        assertThat(policies()).containsAll(POLICIES);
        assertThat(server.read("sys/policies/acl/mayfly-daemon").at("/data/policy").asText())
                .contains("auth/token/create/mayfly-trusted", "sys/leases/revoke");
        assertThat(
                        server.read("auth/token/roles/mayfly-trusted")
                                .at("/data/token_no_default_policy")
                                .asBoolean())
                .isTrue();
        assertThat(server.read("auth/jwt/role/trusted").at("/data/token_ttl").asLong())
                .isEqualTo(90);
    }

    /** As a person would do it who has read them. */
    private void shell(String commands) throws IOException, InterruptedException {
        List<String> line =
                new ArrayList<>(
                        List.of("sh", "-eu", "-c", "vault() { \"$@\"; }; true", "commands"));
        line.set(3, "client=$*; vault() { $client \"$@\"; }\n" + commands);
        line.addAll(server.client());
        ProcessBuilder builder = new ProcessBuilder(line);
        for (String prefix : List.of("VAULT_", "BAO_")) {
            builder.environment().put(prefix + "ADDR", server.address().toString());
            builder.environment().put(prefix + "TOKEN", VaultServer.ROOT_TOKEN);
        }
        Engine.Programs.output(builder);
    }

    @Test
    void operatorsTokenWritesThemAndIsNotSaid() throws Exception {
        Installation installation = installation(server.address(), "not-needed-for-this");
        Said said =
                MayflyProcess.run(
                        installation,
                        Map.of("VAULT_TOKEN", VaultServer.ROOT_TOKEN),
                        "vault",
                        "bootstrap",
                        "--apply");

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.err()).contains("written");
        assertThat(said.out()).contains("write_policy mayfly-trusted");
        assertThat(said.out() + said.err()).doesNotContain(VaultServer.ROOT_TOKEN);
        assertThat(policies()).containsAll(POLICIES);
        assertThat(server.finds("auth/token/roles/mayfly-trusted")).isTrue();
    }

    private Said applied(Installation installation, String... options) throws Exception {
        List<String> line = new ArrayList<>(List.of("vault", "bootstrap", "--apply"));
        line.addAll(List.of(options));
        return MayflyProcess.run(
                installation,
                Map.of("VAULT_TOKEN", VaultServer.ROOT_TOKEN),
                line.toArray(String[]::new));
    }

    @Test
    void roleThatWouldServeEveryProjectIsNeitherPrintedNorWritten() throws Exception {
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.vault(server.address(), "none", "mayfly-trusted", ", jwt: {role: trusted}");

        for (Said said :
                List.of(
                        applied(installation),
                        MayflyProcess.run(installation, Map.of(), "vault", "bootstrap"))) {
            assertThat(said.code()).isEqualTo(78);
            assertThat(said.out()).isEmpty();
            assertThat(said.err())
                    .contains("pool trusted: vault.jwt.bound_claims is missing", "Say which jobs");
        }
        assertThat(policies()).doesNotContainAnyElementsOf(POLICIES);
        assertThat(server.finds("auth/jwt/role/trusted")).isFalse();
    }

    @Test
    void secondHostTakesNothingAwayFromTheFirst() throws Exception {
        Installation first = installation(server.address(), "not-needed-for-this");
        assertThat(applied(first).code()).isZero();
        assertThat(applied(first).code()).as("once more").isZero();

        Installation second = new Installation(directory, 1, "drain_timeout: 1s");
        second.vault(server.address(), "none", "mayfly-second", "");
        Said refused = applied(second);

        assertThat(refused.code()).isNotZero();
        assertThat(refused.err())
                .contains("auth/token/create/mayfly-trusted", "secrets.vault.name", "--replace")
                .doesNotContain("\tat ");
        assertThat(server.finds("auth/token/roles/mayfly-second")).isFalse();
        Said printed = MayflyProcess.run(second, Map.of(), "vault", "bootstrap");
        assertThatThrownBy(() -> shell(printed.out()))
                .hasMessageContaining("auth/token/create/mayfly-trusted");
        assertThat(daemonPolicy("mayfly-daemon")).contains("create/mayfly-trusted");

        Files.writeString(
                second.config(),
                Files.readString(second.config()).replace("timeout: 5s", "name: other"));
        shell(MayflyProcess.run(second, Map.of(), "vault", "bootstrap").out());

        assertThat(daemonPolicy("mayfly-daemon")).contains("create/mayfly-trusted");
        assertThat(daemonPolicy("other-daemon")).contains("create/mayfly-second");
    }

    @Test
    void whatIsThereIsTakenAwayByWhoeverSaysSo() throws Exception {
        applied(installation(server.address(), "not-needed-for-this"));
        Installation second = new Installation(directory, 1, "drain_timeout: 1s");
        second.vault(server.address(), "none", "mayfly-second", "");

        assertThat(applied(second, "--replace").code()).isZero();
        assertThat(daemonPolicy("mayfly-daemon"))
                .contains("create/mayfly-second")
                .doesNotContain("create/mayfly-trusted");
    }

    private String daemonPolicy(String name) {
        return server.read("sys/policies/acl/" + name).at("/data/policy").asText();
    }

    @Test
    void nothingIsWrittenWithoutAnOperatorsToken() throws Exception {
        Installation installation = installation(server.address(), "not-needed-for-this");
        Said said = MayflyProcess.run(installation, Map.of(), "vault", "bootstrap", "--apply");

        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err()).contains("put an operator's token into VAULT_TOKEN");
        assertThat(policies()).doesNotContainAnyElementsOf(POLICIES);
    }

    @Test
    void tokenThatMayNotIsToldSoAndNotShown() throws Exception {
        String weak = space.daemonToken();
        Installation installation = installation(server.address(), "not-needed-for-this");
        Said said =
                MayflyProcess.run(
                        installation, Map.of("VAULT_TOKEN", weak), "vault", "bootstrap", "--apply");

        assertThat(said.code()).isNotZero();
        assertThat(said.err())
                .contains("sys/policies/acl/mayfly-daemon: Vault does not allow it")
                .doesNotContain("\tat ", weak);
        assertThat(policies()).doesNotContainAnyElementsOf(POLICIES);
    }

    @Test
    void configurationWithoutAVaultIsToldSo() throws Exception {
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        Said said = MayflyProcess.run(installation, Map.of(), "vault", "bootstrap");

        assertThat(said.code()).isEqualTo(78);
        assertThat(said.err()).contains("names no Vault: add secrets.vault");
    }

    // -- doctor

    private static Said doctor(Installation installation) throws Exception {
        return MayflyProcess.run(installation, Map.of(), "doctor");
    }

    @Test
    void doctorFindsAVaultThatKnowsTheDaemon() throws Exception {
        Said said = doctor(installation(server.address(), space.daemonToken("mayfly-trusted")));

        assertThat(said.out())
                .containsPattern("ok +secrets +readable")
                .containsPattern("ok +Vault +knows this daemon, version [0-9]+\\.[0-9]+")
                .doesNotContain("BAD   Vault", "note  Vault");
    }

    @Test
    void doctorTellsOfRightsThatAreMissingAndOfThoseThatAreTooMany() throws Exception {
        String policy =
                space.policy(
                        "odd",
                        """
                        path "auth/token/lookup-self" { capabilities = ["read"] }
                        path "auth/token/renew-self" { capabilities = ["update"] }
                        path "sys/capabilities-self" { capabilities = ["update"] }
                        path "x" { capabilities = ["read"] }
                        """);
        String token =
                server.write(
                                "auth/token/create-orphan",
                                "{\"policies\":[\"" + policy + "\"],\"no_default_policy\":true}")
                        .at("/auth/client_token")
                        .asText();
        Said said = doctor(installation(server.address(), token));

        assertThat(said.code()).isNotZero();
        assertThat(said.out())
                .containsPattern(
                        "BAD +Vault +the daemon's policy lacks update on auth/token/lookup")
                .contains("sys/leases/revoke", "auth/token/create/mayfly-trusted")
                .contains("mayfly vault bootstrap prints the right one")
                .containsPattern("note +Vault +the daemon could read secrets itself");
    }

    @Test
    void doctorTellsOfOldServersAndOfClocksThatDiffer() throws Exception {
        try (FaultProxy proxy = new FaultProxy(server.address())) {
            proxy.always(
                    "sys/health",
                    new FaultProxy.Fault.Answer(
                            200,
                            Map.of(),
                            "{\"version\":\"2.5.0\",\"server_time_utc\":%d}"
                                    .formatted(Instant.now().getEpochSecond() + 3600)));
            Said said = doctor(installation(proxy.address(), space.daemonToken("mayfly-trusted")));

            assertThat(said.out())
                    .containsPattern(
                            "note +Vault +version 2.5.0 has holes that are known: 2.6.2 or newer")
                    .containsPattern("note +Vault +its clock is off by (35|36)[0-9][0-9] s");
        }
    }

    @Test
    void doctorTellsOfAVaultThatIsNotThere() throws Exception {
        Said said = doctor(installation(URI.create("http://127.0.0.1:9"), "some-token"));

        assertThat(said.code()).isNotZero();
        assertThat(said.out())
                .containsPattern("BAD +secrets +.*http://127.0.0.1:9 cannot be reached")
                .doesNotContain("some-token");
    }

    @Test
    void doctorTellsOfATokenThatVaultDoesNotKnow() throws Exception {
        Said said = doctor(installation(server.address(), "s.nobodyhasevermadethisone"));

        assertThat(said.code()).isNotZero();
        assertThat(said.out())
                .containsPattern("BAD +secrets +the daemon cannot log in to Vault")
                .doesNotContain("s.nobodyhasevermadethisone");
    }
}
