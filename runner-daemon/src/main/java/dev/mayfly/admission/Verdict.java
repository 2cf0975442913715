package dev.mayfly.admission;

import dev.mayfly.job.PoolName;
import java.util.function.UnaryOperator;

/** What admission says of a job. */
public sealed interface Verdict {

    /** The job may run, in this pool and no other. */
    record Admitted(PoolName pool) implements Verdict {}

    /**
     * The job may run in this pool when somebody has approved it.
     *
     * @param reason the rules that want it
     */
    record Held(PoolName pool, String reason) implements Verdict {}

    /**
     * The job may not run.
     *
     * @param reason the rule that refused it and what to change
     */
    record Refused(String reason) implements Verdict {}

    /** The same for people and for keeping. */
    default Verdict hiding(UnaryOperator<String> hidden) {
        return switch (this) {
            case Admitted admitted -> admitted;
            case Held(PoolName pool, String reason) -> new Held(pool, hidden.apply(reason));
            case Refused(String reason) -> new Refused(hidden.apply(reason));
        };
    }
}
