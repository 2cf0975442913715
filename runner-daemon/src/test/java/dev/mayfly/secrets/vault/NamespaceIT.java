package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.POOL;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static dev.mayfly.secrets.vault.VaultFixture.valuesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.SecretLease;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Secrets of a namespace, at a real server; one without namespaces must not pass for one with. */
class NamespaceIT {

    private static final VaultServer SERVER = VaultServer.shared();

    private record World(boolean real, VaultSpace outside, String token, String role) {

        static World create() {
            VaultSpace outside = SERVER.space("outside");
            if (SERVER.answer("POST", "sys/namespaces/team", "{}", VaultServer.ROOT_TOKEN)
                            .statusCode()
                    >= 300) {
                return new World(false, outside, outside.daemonToken(), "none");
            }
            // By its path, which means the same as the header.
            VaultSpace inside = SERVER.space("team/", "space");
            SERVER.write("team/sys/mounts/kv", "{\"type\":\"kv\"}");
            SERVER.write("team/kv/x", "{\"v\":\"of-the-namespace\"}");
            String role = inside.tokenRole("role", inside.jobPolicy("job", "kv/*"));
            return new World(true, outside, inside.daemonToken(role), role);
        }
    }

    private static final World WORLD = World.create();

    @TempDir private Path directory;

    private VaultFixture with(String namespace, String token) {
        return new VaultFixture(
                new VaultSettings(
                        new VaultConnection(
                                SERVER.address(),
                                List.of(),
                                namespace,
                                VaultConnection.Tls.USUAL,
                                VaultFixture.LIMIT),
                        new DaemonCredentials.AgentToken(
                                privateFile(directory.resolve("token"), token)),
                        List.of(VaultFixture.minted(WORLD.role()))));
    }

    @Test
    void secretsOfANamespaceAreServedAndTakenBackThereOrNotAtAll() throws InterruptedException {
        try (VaultFixture vault = with("team", WORLD.token())) {
            if (!WORLD.real()) {
                assertThat(vault.provider.unhealthyBecause(POOL)).contains("not of \"team/\"");
                return;
            }
            assertThat(vault.provider.unhealthyBecause(POOL)).isEmpty();
            SecretLease lease = vault.fetch("vault:kv/x#v");

            assertThat(valuesOf(lease)).containsExactly("of-the-namespace");
            assertThat(vault.journal)
                    .singleElement()
                    .satisfies(handle -> assertThat(handle.name()).contains(" namespace team "));
            assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        }
    }

    @Test
    void loginOfAnotherNamespaceIsRefused() {
        try (VaultFixture vault = with("team", WORLD.outside().daemonToken())) {
            assertThat(vault.provider.unhealthyBecause(POOL))
                    .contains("the login is of namespace \"\" and not of \"team/\"");
            assertThatThrownBy(() -> vault.fetch("vault:kv/x#v"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("and not of \"team/\"");
        }
    }
}
