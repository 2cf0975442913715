package dev.mayfly.teardown;

import dev.mayfly.job.Receipt;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one look for leftovers has found and done.
 *
 * @param receipts the last one of each job that was destroyed
 * @param incompleteBecause why not everything could be looked at, or null when it was
 */
public record Sweep(List<Receipt> receipts, @Nullable String incompleteBecause) {

    public Sweep {
        receipts = List.copyOf(receipts);
    }

    /** Whether nothing of dead lives is left, by verification. */
    public boolean clean() {
        return incompleteBecause == null && receipts.stream().allMatch(Receipt::clean);
    }
}
