package dev.mayfly.policy;

import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import java.util.List;

/**
 * A condition over facts that no author of a job can choose, for what gives a job more than others
 * have: an exception from a rule, a secret. An expression that names anything else is none.
 */
public final class TrustedCondition {

    private final Expression expression;

    private TrustedCondition(Expression expression) {
        this.expression = expression;
    }

    /**
     * Compiles a condition.
     *
     * @param text in CEL, over {@code pool}, {@code registration}, {@code server} and {@code
     *     claims}
     * @throws ConditionException saying where and why it is none
     */
    public static TrustedCondition of(String text) throws ConditionException {
        return new TrustedCondition(Expression.compile(text, Vocabulary.TRUSTED));
    }

    /**
     * Whether it holds.
     *
     * @throws UndecidedException when that cannot be said; then the job does not get it
     */
    public boolean holds(PoolName pool, Facts.Trusted facts) throws UndecidedException {
        return expression.holds(Vocabulary.values(pool, facts));
    }

    /** The facts that it looks at, as a policy names them. */
    public List<String> reads() {
        return expression.reads();
    }

    /** As it was written. */
    @Override
    public String toString() {
        return expression.text();
    }
}
