package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.plain;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.SecretLease;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thousand jobs at a real server leave neither threads nor memory nor tokens behind. */
class SoakIT {

    private static final int JOBS = 1000;
    private static final int WARM_UP = 100;

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
