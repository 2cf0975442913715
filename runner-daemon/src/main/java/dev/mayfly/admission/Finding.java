package dev.mayfly.admission;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What one rule says of one job.
 *
 * @param rule its name
 * @param effect what it does to the jobs that it is about
 * @param applies whether this is one of them
 * @param enforced whether that counts; otherwise it is only told
 * @param because what it found, or the message that its author gave it
 * @param reads the facts that it looked at
 */
public record Finding(
        String rule,
        Effect effect,
        boolean applies,
        boolean enforced,
        String because,
        List<String> reads) {

    public Finding {
        reads = List.copyOf(reads);
    }

    /** The same, of a rule that counts. */
    public Finding enforcing() {
        return new Finding(rule, effect, applies, true, because, reads);
    }

    /** The same for people and for keeping. */
    Finding hiding(UnaryOperator<String> hidden) {
        return new Finding(rule, effect, applies, enforced, hidden.apply(because), reads);
    }

    /** Whether it changes what becomes of the job. */
    public boolean counts() {
        return applies && enforced;
    }
}
