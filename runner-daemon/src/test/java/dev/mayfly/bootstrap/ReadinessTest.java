package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.PoolName;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.JobSource;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReadinessTest {

    private static final PoolName TRUSTED = new PoolName("trusted");
    private static final PoolName UNTRUSTED = new PoolName("untrusted");
    private static final Readiness.Trouble NONE = _ -> "";

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    @Test
    void nothingIsSaidWhileAllIsThere() {
        assertThat(readiness(NONE, NONE, "", new Source("gitlab/shop", "")).reasons()).isEmpty();
    }

    @Test
    void engineOfOnePoolIsToldOfThatPoolOnly() {
        Readiness.Trouble engines = pool -> pool.equals(TRUSTED) ? "no answer" : "";

        assertThat(readiness(engines, NONE, "").reasons())
                .containsExactly("pool trusted: no answer");
    }

    @Test
    void reasonThatPoolsShareIsGivenOnce() {
        assertThat(readiness(_ -> "no answer", _ -> "Vault is sealed", "").reasons())
                .containsExactly(
                        "pools trusted, untrusted: no answer",
                        "pools trusted, untrusted: Vault is sealed");
    }

    @Test
    void sourceAndAuditTrailAreNamed() {
        Source away = new Source("gitlab/shop", "the server does not answer");

        assertThat(readiness(NONE, NONE, "the audit trail cannot be written", away).reasons())
                .containsExactly(
                        "source gitlab/shop: the server does not answer",
                        "the audit trail cannot be written");
    }

    @Test
    void interruptionIsKeptAndNoPoolPassesForReady() {
        Readiness.Trouble interrupted =
                _ -> {
                    throw new InterruptedException();
                };

        assertThat(readiness(interrupted, NONE, "").reasons())
                .containsExactly("pools trusted, untrusted: the question was interrupted");
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    private static Readiness readiness(
            Readiness.Trouble engines, Readiness.Trouble secrets, String audit, Source... sources) {
        return new Readiness(
                List.of(TRUSTED, UNTRUSTED), engines, secrets, () -> audit, List.of(sources));
    }

    /** Has no jobs. */
    private record Source(String name, String unhealthyBecause) implements JobSource {

        @Override
        public Optional<Claim> claim(PoolName pool, Duration wait) {
            return Optional.empty();
        }

        @Override
        public JobReport report(Claim claim) {
            throw new IllegalStateException("no job came from here");
        }
    }
}
