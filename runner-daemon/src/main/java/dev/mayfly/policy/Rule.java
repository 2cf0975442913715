package dev.mayfly.policy;

import dev.mayfly.admission.Effect;
import dev.mayfly.admission.Finding;
import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import java.util.Set;

/** A rule that an operator has written. What it can look at depends on what it does. */
public sealed interface Rule {

    /** What it is called and where it holds. */
    Head head();

    /** What it says of a job. */
    Finding review(PoolName pool, Facts facts);

    /** Whether it is asked in a pool. */
    default boolean isFor(PoolName pool) {
        return head().pools().isEmpty() || head().pools().contains(pool);
    }

    /**
     * What every rule has.
     *
     * @param name unique in its policy
     * @param pools where it holds; empty for everywhere
     * @param message what the author of a job is told
     * @param enforced whether it counts, or is only reported
     */
    record Head(String name, Set<PoolName> pools, String message, boolean enforced) {
        public Head {
            pools = Set.copyOf(pools);
        }
    }

    /** Takes something from a job, so it may look at everything. In doubt it applies. */
    sealed interface Taking extends Rule {

        Condition when();

        Effect effect();

        @Override
        default Finding review(PoolName pool, Facts facts) {
            boolean applies = true;
            String because = head().message();
            try {
                applies = when().holds(pool, facts);
            } catch (UndecidedException e) {
                because += " (it could not be decided: " + e.getMessage() + ")";
            }
            return new Finding(
                    head().name(), effect(), applies, head().enforced(), because, when().reads());
        }
    }

    /** Refuses. */
    record Deny(Head head, Condition when) implements Taking {
        @Override
        public Effect effect() {
            return Effect.DENY;
        }
    }

    /** Wants an approval. */
    record Hold(Head head, Condition when) implements Taking {
        @Override
        public Effect effect() {
            return Effect.HOLD;
        }
    }

    /**
     * Lifts what would hold a job. It gives something, so it sees nothing that the job's author
     * sets, and in doubt it does not apply.
     */
    record Allow(Head head, TrustedCondition when) implements Rule {
        @Override
        public Finding review(PoolName pool, Facts facts) {
            boolean applies = false;
            String because = head().message();
            try {
                applies = when.holds(pool, facts.trusted());
            } catch (UndecidedException e) {
                because += " (it could not be decided: " + e.getMessage() + ")";
            }
            return new Finding(
                    head().name(), Effect.ALLOW, applies, head().enforced(), because, when.reads());
        }
    }
}
