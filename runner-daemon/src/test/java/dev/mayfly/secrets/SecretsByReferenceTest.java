package dev.mayfly.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Facts;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SecretsByReferenceTest {

    private static final PoolName POOL = new PoolName("trusted");

    private final Provider vault = new Provider("vault");
    private final Provider file = new Provider("file");
    private final SecretsByReference both = new SecretsByReference("vault:", vault, file);

    /** Gives each reference its own name as the value. */
    private static final class Provider implements SecretsProvider {

        private final String name;
        private final List<String> asked = new ArrayList<>();
        private String illness = "";
        private boolean fails;

        Provider(String name) {
            this.name = name;
        }

        @Override
        public SecretLease fetch(SecretsOrder order) {
            order.wanted().forEach(wanted -> asked.add(wanted.reference()));
            if (fails) {
                throw new FaultException(Fault.SECRET, name + " has nothing");
            }
            OwnedResource lease = new OwnedResource(OwnedResource.Kind.LEASE, name);
            return new SecretLease() {
                @Override
                public List<Secret> secrets() {
                    return order.wanted().stream()
                            .map(wanted -> new Secret(wanted, value(wanted.reference())))
                            .toList();
                }

                @Override
                public List<HandedValue> hidden() {
                    return List.of(
                            new HandedValue(name, value("token"), Set.of(HandedValue.Use.MASKED)));
                }

                @Override
                public List<String> notices() {
                    return List.of("from " + name);
                }

                @Override
                public void tell(Consumer<String> news) {
                    news.accept("news of " + name);
                }

                @Override
                public List<OwnedResource> owned() {
                    return List.of(lease);
                }

                @Override
                public List<Receipt.Disposal> revoke() {
                    return List.of(new Receipt.Disposal(lease, true, "gone"));
                }
            };
        }

        @Override
        public List<SecretRequest> bound(
                PoolName pool, Facts.Trusted known, List<HandedValue> handed) {
            return List.of(new SecretRequest("BOUND", name, false));
        }

        @Override
        public String unhealthyBecause(PoolName pool) {
            return illness;
        }

        private static SecretValue value(String text) {
            return new SecretValue(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private SecretLease fetch(String... references) throws InterruptedException {
        return both.fetch(order(references));
    }

    private static SecretsOrder order(String... references) {
        return new SecretsOrder(
                new JobId("j-1"),
                POOL,
                Arrays.stream(references)
                        .map(one -> new SecretRequest("N_" + one.length(), one, false))
                        .toList(),
                List.of(),
                Duration.ofHours(1));
    }

    @Test
    void eachIsAskedForItsOwnAndTheOrderStays() throws InterruptedException {
        SecretLease lease = fetch("vault:a#b", "plain", "vault:c#dd");

        assertThat(vault.asked).containsExactly("vault:a#b", "vault:c#dd");
        assertThat(file.asked).containsExactly("plain");
        assertThat(lease.secrets())
                .extracting(secret -> secret.request().reference())
                .containsExactly("vault:a#b", "plain", "vault:c#dd");
        assertThat(lease.hidden()).hasSize(2);
        assertThat(lease.notices()).containsExactly("from file", "from vault");
        assertThat(lease.owned()).hasSize(2);
        assertThat(lease.revoke()).hasSize(2);
    }

    @Test
    void whoIsNotConcernedIsNotAsked() throws InterruptedException {
        fetch("plain");
        assertThat(vault.asked).isEmpty();

        file.asked.clear();
        fetch("vault:a#b");
        assertThat(file.asked).isEmpty();
    }

    @Test
    void nothingIsLeasedWhereAPlainOneIsMissing() {
        file.fails = true;

        assertThatThrownBy(() -> fetch("vault:a#b", "plain")).hasMessage("file has nothing");
        assertThat(vault.asked).isEmpty();
    }

    @Test
    void providerThatIsNotConfiguredSaysSoToThoseWhoAskAndHindersNobodyElse()
            throws InterruptedException {
        SecretsProvider without =
                new SecretsByReference("vault:", new AbsentProvider("add it"), file);
        SecretsOrder plain = order("plain");

        assertThat(without.fetch(plain).secrets()).hasSize(1);
        assertThat(without.unhealthyBecause(POOL)).isEmpty();
        assertThatThrownBy(() -> without.fetch(order("vault:a#b")))
                .isInstanceOf(FaultException.class)
                .hasMessage(
                        "the job's secret N_9 is with a provider that this runner does not have:"
                                + " add it");
    }

    @Test
    void newsAreThoseOfBoth() throws InterruptedException {
        List<String> news = new ArrayList<>();
        fetch("vault:a#b", "plain").tell(news::add);

        assertThat(news).containsExactlyInAnyOrder("news of vault", "news of file");
    }

    @Test
    void boundOnesAndIllnessesAreThoseOfBoth() {
        assertThat(both.bound(POOL, Facts.Trusted.NOTHING, List.of()))
                .extracting(SecretRequest::reference)
                .containsExactly("file", "vault");
        assertThat(both.unhealthyBecause(POOL)).isEmpty();
        vault.illness = "sealed";
        assertThat(both.unhealthyBecause(POOL)).isEqualTo("sealed");
        file.illness = "locked";
        assertThat(both.unhealthyBecause(POOL)).isEqualTo("locked");
    }
}
