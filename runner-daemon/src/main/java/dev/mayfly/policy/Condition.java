package dev.mayfly.policy;

import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import java.util.List;

/** A condition over all facts of a job, for what takes something from it. */
public final class Condition {

    private final Expression expression;

    private Condition(Expression expression) {
        this.expression = expression;
    }

    /**
     * Compiles a condition.
     *
     * @param text in CEL, over {@code pool}, {@code registration}, {@code server}, {@code claims}
     *     and {@code job}
     * @throws ConditionException saying where and why it is none
     */
    public static Condition of(String text) throws ConditionException {
        return new Condition(Expression.compile(text, Vocabulary.ALL));
    }

    /**
     * Whether it holds.
     *
     * @throws UndecidedException when that cannot be said; then it counts as holding
     */
    public boolean holds(PoolName pool, Facts facts) throws UndecidedException {
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
