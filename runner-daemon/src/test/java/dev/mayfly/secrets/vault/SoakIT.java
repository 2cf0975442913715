package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.plain;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.SecretLease;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thousand jobs at a real server leave neither threads nor memory nor tokens behind. */
class SoakIT {

    private static final int JOBS = 1000;
    private static final int WARM_UP = 100;

    /** Each makes a login in PostgreSQL and takes it back, so there are fewer. */
    private static final int DATABASE_JOBS = 300;

    private static final int DATABASE_WARM_UP = 50;

    /** What the collector leaves varies; a leak of one client for each job is far above it. */
    private static final long HEAP_TOLERANCE_BYTES = 16L << 20;

    @TempDir private Path directory;

    @Test
    void thousandLoginsAndReadsLeaveNothingBehind() throws InterruptedException {
        try (VaultServer server = VaultServer.start()) {
            VaultSpace space = server.space("soak");
            String kv = space.keyValue(1);
            server.write(kv + "/x", "{\"v\":\"soaked-through\"}");
            String role = space.tokenRole("role", space.jobPolicy("job", kv + "/*"));
            String token = space.daemonToken(role);
            try (VaultFixture vault =
                    new VaultFixture(
                            new VaultSettings(
                                    plain(server.address()),
                                    new DaemonCredentials.AgentToken(
                                            privateFile(directory.resolve("token"), token)),
                                    List.of(VaultFixture.minted(role))))) {
                List<String> tokens = server.tokens();
                run(vault, kv, WARM_UP);
                int threads = ManagementFactory.getThreadMXBean().getThreadCount();
                long heap = usedHeapBytes();

                run(vault, kv, JOBS);

                assertThat(ManagementFactory.getThreadMXBean().getThreadCount())
                        .isLessThanOrEqualTo(threads + 2);
                assertThat(usedHeapBytes()).isLessThan(heap + HEAP_TOLERANCE_BYTES);
                assertThat(server.tokens()).containsExactlyInAnyOrderElementsOf(tokens);
            }
        }
    }

    /** The same by identity tokens, with a login to a database for each job. */
    @Test
    void hundredsOfIdentitiesAndDatabaseLoginsLeaveNothingBehind() throws InterruptedException {
        PostgresCluster cluster = PostgresCluster.shared();
        CiServer ci = new CiServer();
        try (VaultServer server = VaultServer.start()) {
            VaultSpace space = server.space("soak");
            String database = space.database(cluster, "soak");
            String auth = space.enableAuth("jwt");
            server.write(
                    "auth/" + auth + "/config",
                    "{\"jwt_validation_pubkeys\":\"%s\"}"
                            .formatted(ci.publicKey().replace("\n", "\\n")));
            server.write(
                    "auth/" + auth + "/role/ci",
                    """
                    {"role_type": "jwt", "user_claim": "project_id", "bound_audiences": ["%s"],
                     "token_policies": ["%s"], "token_ttl": "90s", "token_no_default_policy": true,
                     "token_type": "service"}
                    """
                            .formatted(CiServer.AUDIENCE, space.jobPolicy("ci", database + "/*")));
            try (VaultFixture vault =
                    new VaultFixture(
                            new VaultSettings(
                                    plain(server.address()),
                                    new DaemonCredentials.AgentToken(
                                            privateFile(
                                                    directory.resolve("token"),
                                                    space.daemonToken())),
                                    List.of(
                                            new PoolAccess(
                                                    VaultFixture.POOL,
                                                    null,
                                                    new PoolAccess.IdentityRole(
                                                            auth,
                                                            "ci",
                                                            List.of(),
                                                            "VAULT_ID_TOKEN"),
                                                    List.of(
                                                            new PoolAccess.Allowance(
                                                                    List.of("*"), Map.of())),
                                                    List.of()))))) {
                List<String> tokens = server.tokens();
                String creds = "vault:" + database + "/creds/soak#";
                Runnable job =
                        () -> {
                            try {
                                SecretLease lease =
                                        vault.fetch(
                                                VaultFixture.identity(ci.token(Map.of())),
                                                creds + "username",
                                                creds + "password");
                                assertThat(lease.revoke())
                                        .hasSize(2)
                                        .allMatch(Receipt.Disposal::verified);
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                            vault.journal.clear();
                            vault.audit.clear();
                        };
                assertFlat(job, DATABASE_WARM_UP, DATABASE_JOBS);

                assertThat(server.tokens()).containsExactlyInAnyOrderElementsOf(tokens);
                assertThat(server.list("sys/leases/lookup/" + database + "/creds/soak")).isEmpty();
                assertThat(cluster.logins("soak")).isEmpty();
                assertThat(vault.provider.unrevoked()).isZero();
            }
        }
    }

    private static void assertFlat(Runnable job, int warmUp, int jobs) {
        for (int i = 0; i < warmUp; i++) {
            job.run();
        }
        int threads = ManagementFactory.getThreadMXBean().getThreadCount();
        long heap = usedHeapBytes();
        for (int i = 0; i < jobs; i++) {
            job.run();
        }
        assertThat(ManagementFactory.getThreadMXBean().getThreadCount())
                .isLessThanOrEqualTo(threads + 2);
        assertThat(usedHeapBytes()).isLessThan(heap + HEAP_TOLERANCE_BYTES);
    }

    private static void run(VaultFixture vault, String kv, int jobs) throws InterruptedException {
        for (int i = 0; i < jobs; i++) {
            SecretLease lease = vault.fetch("vault:" + kv + "/x#v");
            assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
            vault.journal.clear();
            vault.audit.clear();
        }
    }

    private static long usedHeapBytes() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
