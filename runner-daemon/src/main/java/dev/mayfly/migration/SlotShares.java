package dev.mayfly.migration;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * How many jobs each pool may run: as its runner's {@code limit} says, and the others share what is
 * left of {@code concurrent}. A pool cannot use what another one leaves free.
 */
final class SlotShares {

    private final int concurrent;
    private final List<Integer> shares = new ArrayList<>();
    private final long unlimited;
    private final Iterator<Integer> each;

    /**
     * Shares out.
     *
     * @param concurrent at least 1
     * @param limits of the runners in their order; 0 and less for none
     */
    SlotShares(int concurrent, List<Long> limits) {
        this.concurrent = concurrent;
        long bound =
                limits.stream()
                        .filter(limit -> limit > 0)
                        .mapToLong(limit -> Math.min(limit, concurrent))
                        .sum();
        unlimited = limits.stream().filter(limit -> limit <= 0).count();
        long left = Math.max(0, concurrent - bound);
        long seen = 0;
        for (long limit : limits) {
            if (limit > 0) {
                shares.add((int) Math.min(limit, concurrent));
            } else {
                // The first ones get what cannot be divided.
                long share = left / unlimited + (seen++ < left % unlimited ? 1 : 0);
                shares.add((int) Math.max(1, share));
            }
        }
        each = shares.iterator();
    }

    /** The next runner's share. */
    int next() {
        return each.next();
    }

    /** What a person has to decide about it. */
    Optional<String> remark() {
        int together = shares.stream().mapToInt(Integer::intValue).sum();
        if (together > concurrent) {
            return Optional.of(
                    "a pool has its own slots, which are "
                            + together
                            + " together, and there is no limit over all pools: lower"
                            + " pools[].slots to stay below "
                            + concurrent);
        }
        return unlimited > 1
                ? Optional.of(
                        "is shared out among the "
                                + unlimited
                                + " runners without a limit, since a pool cannot use what another"
                                + " one leaves free: move slots to the pools that need them, or let"
                                + " runners of the same trust feed one pool")
                : Optional.empty();
    }
}
