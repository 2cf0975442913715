package dev.mayfly.execution;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretLease;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.secrets.SecretsProvider;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Secrets in memory, each under its reference. */
final class FakeSecrets implements SecretsProvider {

    /** What happens while secrets are fetched. */
    interface Fetching {
        void run() throws InterruptedException;
    }

    private final List<String> history;
    private final Map<String, byte[]> values = new HashMap<>();
    private final List<HandedValue> derived = new ArrayList<>();
    private final List<HandedValue> inside = new ArrayList<>();
    private Fetching fetching = () -> {};
    private volatile Consumer<String> news = _ -> {};
    volatile String illness = "";
    final AtomicInteger healthAsked = new AtomicInteger();

    FakeSecrets(List<String> history) {
        this.history = history;
    }

    void put(String reference, String value) {
        put(reference, value.getBytes(StandardCharsets.UTF_8));
    }

    void put(String reference, byte[] value) {
        values.put(reference, value);
    }

    /** What comes of the fetching and no job may show, like a token that was made for it. */
    void derive(String name, String value) {
        derived.add(
                new HandedValue(
                        name,
                        new SecretValue(value.getBytes(StandardCharsets.UTF_8)),
                        Set.of(HandedValue.Use.MASKED)));
    }

    /** A value that stands in a secret among other text. */
    void part(String name, String value) {
        inside.add(
                new HandedValue(
                        name,
                        new SecretValue(value.getBytes(StandardCharsets.UTF_8)),
                        Set.of(HandedValue.Use.MASKED)));
    }

    /** Who is told what becomes of the secrets. */
    Consumer<String> news() {
        return news;
    }

    void whileFetching(Fetching rule) {
        fetching = rule;
    }

    @Override
    public SecretLease fetch(SecretsOrder order) throws InterruptedException {
        history.add("secrets");
        fetching.run();
        List<Secret> secrets =
                order.wanted().stream()
                        .map(request ->
                                new Secret(
                                        request,
                                        new SecretValue(
                                                values.getOrDefault(
                                                        request.reference(), new byte[0]))))
                        .toList();
        return new SecretLease() {
            @Override
            public List<Secret> secrets() {
                return secrets;
            }

            @Override
            public List<HandedValue> hidden() {
                return List.copyOf(derived);
            }

            @Override
            public List<HandedValue> parts() {
                return List.copyOf(inside);
            }

            @Override
            public void tell(Consumer<String> listener) {
                news = listener;
            }

            @Override
            public List<OwnedResource> owned() {
                return List.of();
            }

            @Override
            public List<Receipt.Disposal> revoke() {
                history.add("revoke");
                return List.of();
            }
        };
    }

    @Override
    public String unhealthyBecause(PoolName pool) {
        healthAsked.incrementAndGet();
        return illness;
    }
}
