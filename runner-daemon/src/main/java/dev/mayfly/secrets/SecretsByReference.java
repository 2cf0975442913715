package dev.mayfly.secrets;

import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Two providers as one: references that begin with a scheme go to one of them, all others to the
 * other.
 */
public final class SecretsByReference implements SecretsProvider {

    private final String scheme;
    private final SecretsProvider schemed;
    private final SecretsProvider plain;

    /**
     * Joins two providers.
     *
     * @param scheme for example {@code vault:}
     */
    public SecretsByReference(String scheme, SecretsProvider schemed, SecretsProvider plain) {
        this.scheme = scheme;
        this.schemed = schemed;
        this.plain = plain;
    }

    @Override
    public SecretLease fetch(SecretsOrder order) throws InterruptedException {
        Predicate<SecretRequest> isSchemed = request -> request.reference().startsWith(scheme);
        List<SecretRequest> local = order.wanted().stream().filter(isSchemed.negate()).toList();
        List<SecretRequest> remote = order.wanted().stream().filter(isSchemed).toList();
        // First what leases nothing: if it fails, nothing has to be taken back.
        SecretLease first = local.isEmpty() ? null : plain.fetch(order.wanting(local));
        if (remote.isEmpty()) {
            return first == null ? new Joined(order, List.of()) : first;
        }
        SecretLease second = schemed.fetch(order.wanting(remote));
        return first == null ? second : new Joined(order, List.of(first, second));
    }

    @Override
    public List<SecretRequest> bound(PoolName pool, Facts.Trusted known, List<HandedValue> handed) {
        List<SecretRequest> bound = new ArrayList<>(plain.bound(pool, known, handed));
        bound.addAll(schemed.bound(pool, known, handed));
        return bound;
    }

    @Override
    public String unhealthyBecause(PoolName pool) {
        String reason = plain.unhealthyBecause(pool);
        return reason.isEmpty() ? schemed.unhealthyBecause(pool) : reason;
    }

    private record Joined(SecretsOrder order, List<SecretLease> leases) implements SecretLease {

        @Override
        public List<Secret> secrets() {
            List<Secret> all = leases.stream().flatMap(part -> part.secrets().stream()).toList();
            return order.wanted().stream()
                    .flatMap(wanted -> all.stream().filter(one -> one.request().equals(wanted)))
                    .toList();
        }

        @Override
        public List<HandedValue> hidden() {
            return leases.stream().flatMap(part -> part.hidden().stream()).toList();
        }

        @Override
        public List<HandedValue> parts() {
            return leases.stream().flatMap(part -> part.parts().stream()).toList();
        }

        @Override
        public List<String> notices() {
            return leases.stream().flatMap(part -> part.notices().stream()).toList();
        }

        @Override
        public void tell(Consumer<String> news) {
            leases.forEach(part -> part.tell(news));
        }

        @Override
        public List<OwnedResource> owned() {
            return leases.stream().flatMap(part -> part.owned().stream()).toList();
        }

        @Override
        public List<Receipt.Disposal> revoke() throws InterruptedException {
            List<Receipt.Disposal> disposals = new ArrayList<>();
            for (SecretLease part : leases) {
                disposals.addAll(part.revoke());
            }
            return disposals;
        }
    }
}
